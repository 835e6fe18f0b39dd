package io.panamba.model.architecture;

/** What a network was made for. */
public enum Task {
  /** An answer for every image. */
  CLASSIFICATION,
  /** An answer for every pixel. */
  SEGMENTATION,
  /** Boxes around objects. */
  DETECTION
}
