package io.panamba.model.vmamba;

import io.panamba.model.architecture.PreprocessingSettings;
import io.panamba.model.architecture.Settings;
import io.panamba.model.architecture.ShapeReader;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.image.Preprocessing;
import io.panamba.runtime.Shape;
import io.panamba.runtime.operation.SelectiveScan;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** Tells a network from the shapes of its checkpoint, in the form of the classification tree. */
final class VmambaConfigReader {
  private static final String BLOCK = "layers.0.blocks.0.";

  private final Checkpoint checkpoint;
  private final Settings settings;
  private final ShapeReader shapes;

  VmambaConfigReader(Checkpoint checkpoint, Settings settings) {
    this.checkpoint = checkpoint;
    this.settings = settings;
    this.shapes = new ShapeReader(checkpoint, settings);
  }

  VmambaConfig read() {
    refuseOtherVariants();
    Set<VmambaTrait> traits = traits();
    List<VmambaStage> stages = new ArrayList<>();
    int count = shapes.stages("layers.");
    for (int i = 0; i < count; i++) {
      stages.add(stage("layers." + i + ".blocks."));
    }
    Shape stem = shapes.shape(VmambaKeys.STEM, "dim, colours, side, side");
    int stemSide = (int) stem.size(2);
    int patch = traits.contains(VmambaTrait.TWO_CONVOLUTIONS) ? 2 * (stemSide - 1) : stemSide;
    if (patch < 1 || patch > 16) {
      throw new WeightsException(
          "%s is %s: patches of %d pixels; expected 1 to 16"
              .formatted(checkpoint.nameBefore(VmambaKeys.STEM), stem, patch));
    }
    shapes.requireKernel(VmambaKeys.STEM, stemSide);
    return new VmambaConfig(
        shapes.image(patch, patch, 0),
        (int) stem.size(1),
        patch,
        stages,
        shapes.depthwiseSide(BLOCK + "op.conv2d.weight"),
        shapes.has(VmambaKeys.HEAD) ? shapes.size(VmambaKeys.HEAD, "classes, dim", 0) : 0,
        traits,
        shapes.value(Vmamba.SCAN),
        shapes.value(Vmamba.OUT_ACTIVATION),
        PreprocessingSettings.read(settings, checkpoint.metadata(), Preprocessing.IMAGENET),
        settings.orStandard(Settings.PRECISION));
  }

  private VmambaStage stage(String start) {
    String op = start + "0.op.";
    int inner = shapes.size(op + "out_proj.weight", "dim, inner", 1);
    Shape decays = shapes.shape(op + "A_logs", "4 * inner, states");
    if (decays.size(1) > SelectiveScan.MAX_STATES) {
      throw new WeightsException(
          "%s is %s; expected at most %d states"
              .formatted(checkpoint.nameBefore(op + "A_logs"), decays, SelectiveScan.MAX_STATES));
    }
    String second = start + "0.mlp.fc2.weight";
    return new VmambaStage(
        shapes.depth(start),
        shapes.size(start + "0.norm.weight", "dim", 0),
        inner,
        (int) decays.size(1),
        shapes.size(op + "dt_projs_weight", "4, inner, rank", 2),
        shapes.has(second) ? shapes.size(second, "dim, hidden", 1) : 0);
  }

  private Set<VmambaTrait> traits() {
    Set<VmambaTrait> traits = EnumSet.noneOf(VmambaTrait.class);
    if (shapes.has("patch_embed.5.weight")) {
      traits.add(VmambaTrait.TWO_CONVOLUTIONS);
    }
    String between = "layers.0.downsample.1.weight";
    if (shapes.has(between)) {
      traits.add(VmambaTrait.CONVOLUTIONS_BETWEEN);
      if (shapes.size(between, "outputs, inputs, side, side", 2) == 3) {
        traits.add(VmambaTrait.WIDE_KERNELS_BETWEEN);
      }
    }
    if (shapes.hasAny(".mlp.fc1.weight")) {
      traits.add(VmambaTrait.PERCEPTRON);
    }
    int rows = shapes.size(BLOCK + "op.in_proj.weight", "rows, dim", 0);
    if (rows == 2 * shapes.size(BLOCK + "op.out_proj.weight", "dim, inner", 1)) {
      traits.add(VmambaTrait.GATE);
    }
    if (shapes.hasAny(".op.conv2d.bias")) {
      traits.add(VmambaTrait.CONV_BIAS);
    }
    return traits;
  }

  /** Ablations of the paper whose weights were never published. */
  private void refuseOtherVariants() {
    refuse(shapes.hasAny(".running_mean"), "batch norms (norm_layer bn)");
    refuse(
        checkpoint.find(BLOCK + "op.Ds").filter(d -> d.shape().rank() == 3).isPresent(),
        "Mamba-2 scans (forward_type m0)");
    refuse(!shapes.has(BLOCK + "op.x_proj_weight"), "other projections (forward_type xv)");
    refuse(shapes.has("pos_embed"), "a position embedding (posembed)");
    refuse(!shapes.has(BLOCK + "op.conv2d.weight"), "no depthwise convolution (ssm_conv 1)");
    refuse(
        shapes.has(BLOCK + "op.out_norm.1.weight") || shapes.has(BLOCK + "op.out_norm.2.weight"),
        "convolutions behind the scan (ondwconv3, oncnorm)");
    refuse(
        !shapes.has(BLOCK + "op.out_norm.weight"),
        "no norm behind the scan (onnone, onsoftmax, onsigmoid)");
    String first = BLOCK + "mlp.fc1.weight";
    refuse(
        shapes.has(first)
            && shapes.size(first, "rows, dim", 0)
                != shapes.size(BLOCK + "mlp.fc2.weight", "dim, hidden", 1),
        "gated perceptrons (gmlp)");
  }

  private void refuse(boolean found, String what) {
    if (found) {
      throw new WeightsException(
          "%s is a VMamba with %s, which no published model has; it can't be run"
              .formatted(checkpoint.path(), what));
    }
  }
}
