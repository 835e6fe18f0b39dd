package io.panamba.model.detection;

import java.util.Objects;
import java.util.Optional;

/**
 * A thing on an image.
 *
 * @param box where it is, in pixels of the image
 * @param classIndex its class, from 0
 * @param name the name of the class
 * @param score how sure the detector is, in 0..1
 * @param mask its pixels, or null if no masks were asked for
 */
public record Detection(Box box, int classIndex, String name, float score, Mask mask) {
  /**
   * Checks ranges.
   *
   * @throws IllegalArgumentException if the class is negative or the score outside of 0..1
   */
  public Detection {
    Objects.requireNonNull(box, "box");
    Objects.requireNonNull(name, "name");
    if (classIndex < 0) {
      throw new IllegalArgumentException("a class is counted from 0, not " + classIndex);
    }
    if (!(score >= 0 && score <= 1)) {
      throw new IllegalArgumentException("a score is in 0..1, not " + score);
    }
  }

  /**
   * Returns the mask where there is one.
   *
   * @return the pixels, or empty if no masks were asked for
   */
  public Optional<Mask> pixels() {
    return Optional.ofNullable(mask);
  }
}
