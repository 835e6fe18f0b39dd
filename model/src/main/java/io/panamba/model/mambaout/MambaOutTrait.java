package io.panamba.model.mambaout;

/** What a MambaOut may have. The published five have the first and the last. */
public enum MambaOutTrait {
  /** A norm between the stem's convolutions. */
  STEM_NORM,
  /** Downsampling norms before its convolution, and not after it. */
  NORM_FIRST,
  /** Layer scale (arXiv 2103.17239) of every block. */
  LAYER_SCALE,
  /** A norm in the head, before the last layer. */
  HEAD_NORM
}
