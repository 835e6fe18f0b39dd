package io.panamba.cli;

import io.panamba.model.block.Pooling;
import io.panamba.model.block.PositionInterpolation;
import io.panamba.model.Precision;
import io.panamba.model.VimOptions;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What the shapes of a checkpoint can't tell. */
final class NetworkOptions {
  @Mixin private GridOptions grid;

  @Option(
      names = "--pool",
      paramLabel = "KIND",
      description = "Without a class token: mean, last, max or all (default: mean).")
  private Pooling pooling;

  @Option(
      names = "--no-divide-out",
      description = "Add the two directions of a layer instead of averaging them.")
  private boolean noDivideOut;

  @Option(
      names = "--layer-bidirectional",
      description = "Every second layer runs backward (if_bidirectional).")
  private boolean layerBidirectional;

  @Option(
      names = "--no-rope-residual",
      description = "The rotary embedding leaves the residual alone.")
  private boolean noRopeResidual;

  @Option(
      names = "--position-interpolation",
      paramLabel = "MODE",
      description =
          "For other image sizes: aligned, or repo for what the original code does (default:"
              + " aligned).")
  private PositionInterpolation interpolation;

  @Option(
      names = "--precision",
      paramLabel = "TYPE",
      description =
          "Weights and activations: fp32, or bf16, faster and half as large, with logits within"
              + " 2 %% (default: fp32).")
  private Precision precision;

  ImageSize imageSize() {
    return grid.imageSize();
  }

  VimOptions vimOptions() {
    VimOptions options = grid.vimOptions();
    if (precision != null) {
      options = options.withPrecision(precision);
    }
    if (pooling != null) {
      options = options.withPooling(pooling);
    }
    if (noDivideOut) {
      options = options.withDivideOut(false);
    }
    if (layerBidirectional) {
      options = options.withLayerBidirectional(true);
    }
    if (noRopeResidual) {
      options = options.withRopeResidual(false);
    }
    return interpolation == null ? options : options.withPositionInterpolation(interpolation);
  }
}
