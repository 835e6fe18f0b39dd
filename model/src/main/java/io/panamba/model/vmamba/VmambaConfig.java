package io.panamba.model.vmamba;

import io.panamba.model.architecture.Cost;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Precision;
import io.panamba.model.architecture.PreprocessingSettings;
import io.panamba.model.architecture.Settings;
import io.panamba.model.architecture.StageOutput;
import io.panamba.model.image.Preprocessing;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Kernel;
import io.panamba.runtime.operation.PatchMerging;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.Set;

/**
 * A VMamba in full: what its weights' shapes say, and the settings that they leave open.
 *
 * @param image of the images to run, of any size that the embedding's kernels fit
 * @param colours of a pixel
 * @param patch pixels of the image that become one of the first stage, on either side
 * @param stages from the largest map to the smallest
 * @param side of the depthwise convolutions
 * @param classes of the head; 0 without a head
 * @param traits what else it has
 * @param scan where the walks go
 * @param outActivation whether GELU follows the norm behind the scan
 * @param preprocessing how its input is made of pictures
 * @param precision of weights and activations
 */
public record VmambaConfig(
    ImageSize image,
    int colours,
    int patch,
    List<VmambaStage> stages,
    int side,
    int classes,
    Set<VmambaTrait> traits,
    VmambaScan scan,
    boolean outActivation,
    Preprocessing preprocessing,
    Precision precision)
    implements NetworkConfig {
  /** Walks of a scan. */
  static final int WALKS = 4;

  /** Copies stages and traits, and requires that an image has a pixel for the first stage. */
  public VmambaConfig {
    stages = List.copyOf(stages);
    EnumSet<VmambaTrait> copy = EnumSet.noneOf(VmambaTrait.class);
    copy.addAll(traits);
    traits = Collections.unmodifiableSet(copy);
    if (!traits.contains(VmambaTrait.TWO_CONVOLUTIONS)
        && (image.height() < patch || image.width() < patch)) {
      throw new IllegalArgumentException(
          "an image of %s is smaller than a patch of %d pixels".formatted(image, patch));
    }
  }

  /**
   * Tells whether the network has something.
   *
   * @param trait what it may have
   * @return whether it does
   */
  public boolean has(VmambaTrait trait) {
    return traits.contains(trait);
  }

  @Override
  public int width() {
    return stages.getLast().dim();
  }

  @Override
  public int depth() {
    return stages.stream().mapToInt(VmambaStage::depth).sum();
  }

  /** The kernel of the embedding, or of each of its two convolutions. */
  Kernel embedding() {
    return has(VmambaTrait.TWO_CONVOLUTIONS)
        ? Kernel.square(patch / 2 + 1, patch / 2, 1)
        : Kernel.square(patch, patch, 0);
  }

  /** The kernel between stages that are not merged. */
  Kernel between() {
    return has(VmambaTrait.WIDE_KERNELS_BETWEEN) ? Kernel.square(3, 2, 1) : Kernel.square(2, 2, 0);
  }

  /** The map behind the first convolution. */
  Grid stemGrid() {
    return embedding().over(new Grid(image.height(), image.width()));
  }

  /** The map of a stage. */
  Grid grid(int stage) {
    Grid grid = has(VmambaTrait.TWO_CONVOLUTIONS) ? embedding().over(stemGrid()) : stemGrid();
    for (int i = 0; i < stage; i++) {
      grid =
          has(VmambaTrait.CONVOLUTIONS_BETWEEN) ? between().over(grid) : PatchMerging.merged(grid);
    }
    return grid;
  }

  @Override
  public long tokens() {
    return grid(stages.size() - 1).pixels();
  }

  @Override
  public List<StageOutput> stageOutputs() {
    List<StageOutput> outputs = new ArrayList<>();
    for (int i = 0; i < stages.size(); i++) {
      VmambaStage stage = stages.get(i);
      outputs.add(
          new StageOutput(
              "layers.%d.blocks.%d".formatted(i, stage.depth() - 1),
              stage.dim(),
              patch << i,
              grid(i)));
    }
    return outputs;
  }

  @Override
  public VmambaConfig withImage(ImageSize size) {
    return with(size, classes);
  }

  VmambaConfig withClasses(int number) {
    return with(image, number);
  }

  private VmambaConfig with(ImageSize otherImage, int otherClasses) {
    return new VmambaConfig(
        otherImage,
        colours,
        patch,
        stages,
        side,
        otherClasses,
        traits,
        scan,
        outActivation,
        preprocessing,
        precision);
  }

  @Override
  public Settings settings() {
    Settings settings =
        Settings.none()
            .withImageSize(image)
            .with(Vmamba.SCAN, scan)
            .with(Vmamba.OUT_ACTIVATION, outActivation);
    return PreprocessingSettings.write(settings, preprocessing).withPrecision(precision);
  }

  @Override
  public SequencedMap<String, Object> describe() {
    SequencedMap<String, Object> lines = new LinkedHashMap<>();
    lines.put("image_size", image.toString());
    lines.put("patch", patch);
    lines.put("depths", stages.stream().map(VmambaStage::depth).toList().toString());
    lines.put("dims", stages.stream().map(VmambaStage::dim).toList().toString());
    lines.put("scan_widths", stages.stream().map(VmambaStage::inner).toList().toString());
    lines.put("states", stages.getFirst().states());
    lines.put("scan", scan.name().toLowerCase(Locale.ROOT));
    lines.put("out_activation", outActivation);
    lines.put("gate", has(VmambaTrait.GATE));
    lines.put("perceptron", has(VmambaTrait.PERCEPTRON));
    lines.put("patch_merging", !has(VmambaTrait.CONVOLUTIONS_BETWEEN));
    lines.put("classes", classes);
    return lines;
  }

  @Override
  public Cost cost() {
    SequencedMap<String, Long> parts = new LinkedHashMap<>();
    long first = stages.getFirst().dim();
    long taps = embedding().taps();
    if (has(VmambaTrait.TWO_CONVOLUTIONS)) {
      add(parts, "stem", taps * colours * (first / 2) * stemGrid().pixels());
      add(parts, "stem", taps * (first / 2) * first * grid(0).pixels());
    } else {
      add(parts, "stem", taps * colours * first * grid(0).pixels());
    }
    long updates = 0;
    for (int i = 0; i < stages.size(); i++) {
      VmambaStage stage = stages.get(i);
      long pixels = grid(i).pixels();
      if (i > 0) {
        long inputs =
            stages.get(i - 1).dim()
                * (has(VmambaTrait.CONVOLUTIONS_BETWEEN) ? (long) between().taps() : 4L);
        add(parts, "downsample", inputs * stage.dim() * pixels);
      }
      long blocks = stage.depth() * pixels;
      long inner = stage.inner();
      add(parts, "in_proj", blocks * stage.dim() * inner * (has(VmambaTrait.GATE) ? 2 : 1));
      add(parts, "depthwise", blocks * inner * side * side);
      add(parts, "x_proj", blocks * inner * WALKS * stage.projected());
      add(parts, "dt_proj", blocks * inner * WALKS * stage.dtRank());
      add(parts, "out_proj", blocks * inner * stage.dim());
      add(parts, "perceptron", blocks * 2 * stage.dim() * stage.hidden());
      updates += blocks * WALKS * inner * stage.states();
    }
    add(parts, "head", (long) classes * width());
    return new Cost(parts, updates);
  }

  private static void add(SequencedMap<String, Long> parts, String name, long number) {
    parts.merge(name, number, Long::sum);
  }
}
