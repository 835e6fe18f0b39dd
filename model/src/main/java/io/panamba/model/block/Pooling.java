package io.panamba.model.block;

/**
 * How a model without a class token makes one answer of many tokens ({@code final_pool_type}). With
 * a class token it is not used.
 */
public enum Pooling {
  /** The mean of all normalised tokens. */
  MEAN,
  /** The last token ({@code final_pool_type='none'}). */
  LAST,
  /** The head on every token, then the maximum of each logit; features are all tokens. */
  MAX,
  /** The head on every token; logits and features keep the length. */
  ALL
}
