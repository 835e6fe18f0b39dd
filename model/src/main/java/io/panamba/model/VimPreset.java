package io.panamba.model;

import io.panamba.model.block.ClassToken;
import io.panamba.model.block.Pooling;
import io.panamba.model.block.PositionInterpolation;
import java.util.Objects;

/** The published sizes of Vim (Vim table 1 and {@code vim/models_mamba.py}), and smaller ones. */
public enum VimPreset {
  /** 7 million parameters. */
  TINY(224, 16, 24, 192, 1000),
  /** 26 million parameters. */
  SMALL(224, 16, 24, 384, 1000),
  /** 98 million parameters. */
  BASE(224, 16, 24, 768, 1000),
  /** For small images such as digits: 32 pixels, five layers, 0.2 million parameters. */
  MINI(32, 4, 5, 64, 10),
  /** For tests: images of 32 pixels, three layers, ten classes. */
  NANO(32, 8, 3, 32, 10);

  private final int imageSize;
  private final int patch;
  private final int depth;
  private final int dim;
  private final int classes;

  VimPreset(int imageSize, int patch, int depth, int dim, int classes) {
    this.imageSize = imageSize;
    this.patch = patch;
    this.depth = depth;
    this.dim = dim;
    this.classes = classes;
  }

  /**
   * Describes the network.
   *
   * @param options what differs from the published models; what they leave open is as published
   * @return the configuration
   * @throws IllegalArgumentException if an image is smaller than a patch, or the stride is not
   *     positive
   */
  public VimConfig config(VimOptions options) {
    return new VimConfig(
        Objects.requireNonNullElse(options.imageHeight(), imageSize),
        Objects.requireNonNullElse(options.imageWidth(), imageSize),
        3,
        patch,
        Objects.requireNonNullElse(options.stride(), patch),
        depth,
        dim,
        2 * dim,
        16,
        Math.ceilDiv(dim, 16),
        4,
        classes,
        Objects.requireNonNullElse(options.classToken(), ClassToken.MIDDLE),
        Objects.requireNonNullElse(options.pooling(), Pooling.MEAN),
        Bimamba.V2,
        Objects.requireNonNullElse(options.divideOut(), true),
        Objects.requireNonNullElse(options.layerBidirectional(), false),
        false,
        Objects.requireNonNullElse(options.ropeResidual(), true),
        false,
        false,
        true,
        Objects.requireNonNullElse(options.positionInterpolation(), PositionInterpolation.ALIGNED),
        Objects.requireNonNullElse(options.precision(), Precision.FP32));
  }
}
