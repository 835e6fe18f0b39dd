package io.panamba.model.vim;

/** What a Vim network may have beside its sizes. */
public enum VimTrait {
  /** The directions of v2 are averaged ({@code if_divide_out}). */
  DIVIDE_OUT,
  /** Odd layers run backward ({@code if_bidirectional}). */
  LAYER_BIDIRECTIONAL,
  /** The rotary embedding turns the residual too. */
  ROPE_RESIDUAL,
  /** Mixers end with a learned scale ({@code init_layer_scale}). */
  LAYER_SCALE,
  /** Norms are layer norms rather than RMS norms. */
  LAYER_NORM,
  /** The products that begin mixers have a bias. */
  IN_BIAS,
  /** The products that end mixers have a bias. */
  OUT_BIAS,
  /** Convolutions of the forward direction have a bias. */
  CONV_BIAS,
  /** Convolutions of the backward direction have a bias. */
  BACKWARD_CONV_BIAS
}
