package io.panamba.model.mambaout;

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
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.Set;

/**
 * A MambaOut in full: what its weights' shapes say, and the settings that they leave open.
 *
 * @param image of the images to run, of any size
 * @param colours of a pixel
 * @param stages from the largest map to the smallest
 * @param headHidden width of the head's hidden layer; 0 without a head
 * @param classes of the head; 0 without a head
 * @param traits what else it has
 * @param activation of the gates; AUTO becomes one of the others
 * @param preprocessing how its input is made of pictures
 * @param precision of weights and activations
 */
public record MambaOutConfig(
    ImageSize image,
    int colours,
    List<MambaOutStage> stages,
    int headHidden,
    int classes,
    Set<MambaOutTrait> traits,
    MambaOutActivation activation,
    Preprocessing preprocessing,
    Precision precision)
    implements NetworkConfig {
  /** Of all convolutions between stages, and of both in the stem. */
  static final Kernel HALVING = Kernel.square(3, 2, 1);

  /** Side of the depthwise convolutions. */
  static final int SIDE = 7;

  /** Copies stages and traits, and decides the activation. */
  public MambaOutConfig {
    stages = List.copyOf(stages);
    EnumSet<MambaOutTrait> copy = EnumSet.noneOf(MambaOutTrait.class);
    copy.addAll(traits);
    traits = Collections.unmodifiableSet(copy);
    if (activation == MambaOutActivation.AUTO) {
      activation = usual(stages, traits);
    }
  }

  private static MambaOutActivation usual(List<MambaOutStage> stages, Set<MambaOutTrait> traits) {
    MambaOutStage first = stages.getFirst();
    return traits.contains(MambaOutTrait.LAYER_SCALE)
            && first.hidden() == 3 * first.dim()
            && 4 * first.convolved() != 5 * first.dim()
        ? MambaOutActivation.SILU
        : MambaOutActivation.GELU;
  }

  /**
   * Tells whether the network has something.
   *
   * @param trait what it may have
   * @return whether it does
   */
  public boolean has(MambaOutTrait trait) {
    return traits.contains(trait);
  }

  @Override
  public int width() {
    return stages.getLast().dim();
  }

  @Override
  public int depth() {
    return stages.stream().mapToInt(MambaOutStage::depth).sum();
  }

  /** The map between the stem's convolutions. */
  Grid stemGrid() {
    return HALVING.over(new Grid(image.height(), image.width()));
  }

  /** The map of a stage. */
  Grid grid(int stage) {
    Grid grid = HALVING.over(stemGrid());
    for (int i = 0; i < stage; i++) {
      grid = HALVING.over(grid);
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
      MambaOutStage stage = stages.get(i);
      outputs.add(
          new StageOutput(
              "stages.%d.%d".formatted(i, stage.depth() - 1), stage.dim(), 4 << i, grid(i)));
    }
    return outputs;
  }

  @Override
  public MambaOutConfig withImage(ImageSize size) {
    return with(size, headHidden, classes);
  }

  MambaOutConfig withClasses(int number) {
    int hidden = headHidden == 0 ? MambaOut.HEAD_EXPANSION * width() : headHidden;
    return with(image, hidden, number);
  }

  private MambaOutConfig with(ImageSize otherImage, int otherHidden, int otherClasses) {
    return new MambaOutConfig(
        otherImage,
        colours,
        stages,
        otherHidden,
        otherClasses,
        traits,
        activation,
        preprocessing,
        precision);
  }

  @Override
  public Settings settings() {
    Settings settings = Settings.none().withImageSize(image).with(MambaOut.ACTIVATION, activation);
    return PreprocessingSettings.write(settings, preprocessing).withPrecision(precision);
  }

  @Override
  public SequencedMap<String, Object> describe() {
    SequencedMap<String, Object> lines = new LinkedHashMap<>();
    lines.put("image_size", image.toString());
    lines.put("depths", stages.stream().map(MambaOutStage::depth).toList().toString());
    lines.put("dims", stages.stream().map(MambaOutStage::dim).toList().toString());
    lines.put("gate_widths", stages.stream().map(MambaOutStage::hidden).toList().toString());
    lines.put("conv_widths", stages.stream().map(MambaOutStage::convolved).toList().toString());
    lines.put("gate_activation", activation.name().toLowerCase(Locale.ROOT));
    lines.put("classes", classes);
    lines.put("stem_norm", has(MambaOutTrait.STEM_NORM));
    lines.put("norm_first", has(MambaOutTrait.NORM_FIRST));
    lines.put("layer_scale", has(MambaOutTrait.LAYER_SCALE));
    lines.put("head_norm", has(MambaOutTrait.HEAD_NORM));
    return lines;
  }

  @Override
  public Cost cost() {
    long first = stages.getFirst().dim();
    SequencedMap<String, Long> parts = new LinkedHashMap<>();
    parts.put(
        "stem",
        9 * (colours * (first / 2) * stemGrid().pixels() + first / 2 * first * grid(0).pixels()));
    for (int i = 0; i < stages.size(); i++) {
      MambaOutStage stage = stages.get(i);
      long pixels = grid(i).pixels();
      if (i > 0) {
        add(parts, "downsample", 9L * stages.get(i - 1).dim() * stage.dim() * pixels);
      }
      long blocks = stage.depth() * pixels;
      add(parts, "fc1", blocks * stage.dim() * 2 * stage.hidden());
      add(parts, "depthwise", blocks * stage.convolved() * SIDE * SIDE);
      add(parts, "fc2", blocks * stage.hidden() * stage.dim());
    }
    parts.put("head", (long) headHidden * (width() + classes));
    return new Cost(parts, 0);
  }

  private static void add(SequencedMap<String, Long> parts, String name, long number) {
    parts.merge(name, number, Long::sum);
  }
}
