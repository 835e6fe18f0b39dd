package io.panamba.model.upernet;

/** What the head of a segmentation network reads of a Vim. */
public enum MapKind {
  /** The output of a layer's mixer alone, as the published tiny configuration has it. */
  MIXER,
  /** The residual stream behind a layer, as the published small configuration has it. */
  STREAM
}
