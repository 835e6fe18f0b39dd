package io.panamba.model.mambaout;

import io.panamba.model.architecture.PreprocessingSettings;
import io.panamba.model.architecture.Settings;
import io.panamba.model.architecture.ShapeReader;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.SidecarConfig;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.runtime.Shape;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** Tells a network from the shapes of its checkpoint, under the authors' names. */
final class MambaOutConfigReader {
  /** Pixels of the image that become one of the first stage, on either side. */
  private static final int STRIDE = 4;

  private final Checkpoint checkpoint;
  private final Settings settings;
  private final ShapeReader shapes;

  MambaOutConfigReader(Checkpoint checkpoint, Settings settings) {
    this.checkpoint = checkpoint;
    this.settings = settings;
    this.shapes = new ShapeReader(checkpoint, settings);
  }

  MambaOutConfig read() {
    List<MambaOutStage> stages = new ArrayList<>();
    int count = shapes.stages("stages.");
    for (int i = 0; i < count; i++) {
      stages.add(stage("stages." + i + "."));
    }
    boolean head = shapes.has(MambaOutKeys.HEAD) || shapes.has("head.fc1.weight");
    shapes.requireKernel(MambaOutKeys.STEM, 3);
    return new MambaOutConfig(
        shapes.image(STRIDE, STRIDE, 0),
        shapes.size(MambaOutKeys.STEM, "half, colours, 3, 3", 1),
        stages,
        head ? shapes.size("head.fc1.weight", "hidden, dim", 0) : 0,
        head ? shapes.size(MambaOutKeys.HEAD, "classes, hidden", 0) : 0,
        traits(stages),
        shapes.value(MambaOut.ACTIVATION),
        PreprocessingSettings.read(
            settings,
            checkpoint.metadata(),
            PreprocessingSettings.beside(SidecarConfig.beside(checkpoint), MambaOut.PREPROCESSING)),
        settings.orStandard(Settings.PRECISION));
  }

  private MambaOutStage stage(String start) {
    int hidden = shapes.size(start + "0.fc2.weight", "dim, hidden", 1);
    Shape conv = shapes.shape(start + "0.conv.weight", "channels, 1, side, side");
    if (conv.size(0) > hidden) {
      throw new WeightsException(
          "%s is %s; expected at most the %d channels of the gate"
              .formatted(checkpoint.nameBefore(start + "0.conv.weight"), conv, hidden));
    }
    return new MambaOutStage(
        shapes.depth(start),
        shapes.size(start + "0.norm.weight", "dim", 0),
        hidden,
        (int) conv.size(0));
  }

  private Set<MambaOutTrait> traits(List<MambaOutStage> stages) {
    Set<MambaOutTrait> traits = EnumSet.noneOf(MambaOutTrait.class);
    if (shapes.has("downsample_layers.0.norm1.weight")) {
      traits.add(MambaOutTrait.STEM_NORM);
    }
    // A norm before the convolution has the channels of the stage before.
    if (stages.size() > 1
        && shapes.size("downsample_layers.1.norm.weight", "dim", 0) == stages.getFirst().dim()) {
      traits.add(MambaOutTrait.NORM_FIRST);
    }
    if (shapes.hasAny(".ls.gamma")) {
      traits.add(MambaOutTrait.LAYER_SCALE);
    }
    // A head that was taken off was of the variant that the stem is of.
    boolean headless = !shapes.has(MambaOutKeys.HEAD);
    if (headless ? traits.contains(MambaOutTrait.STEM_NORM) : shapes.has("head.norm.weight")) {
      traits.add(MambaOutTrait.HEAD_NORM);
    }
    return traits;
  }
}
