package io.panamba.model.deit;

/** What a DeiT may have beside its sizes. */
public enum DeitTrait {
  /** A second token and a head of its own (arXiv 2012.12877, section 4). */
  DISTILLED,
  /** Of a distilled network the class token alone has a head, as transformers fine-tunes it. */
  ONE_HEAD,
  /** Factors for each channel of what is added to the residual stream (arXiv 2103.17239). */
  LAYER_SCALE,
  /** The position embedding is added before there is a class token (DeiT III). */
  POSITIONS_OF_PATCHES,
  /** Queries, keys and values have a bias. */
  QKV_BIAS
}
