package io.panamba.model.architecture;

import java.util.Locale;

/** What a network was made for. */
public enum Task {
  /** An answer for every image. */
  CLASSIFICATION,
  /** An answer for every pixel. */
  SEGMENTATION,
  /** Boxes around objects. */
  DETECTION;

  /**
   * Returns its name.
   *
   * @return in lower case, for sentences
   */
  public String title() {
    return name().toLowerCase(Locale.ROOT);
  }
}
