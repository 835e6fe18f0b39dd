package io.panamba.model.image.webp;

/** A change of the pixels that is undone after they are read: RFC 9649, section 4. */
sealed interface LosslessTransform
    permits PredictorTransform, ColourTransform, GreenTransform, PaletteTransform {
  /** The width of the pixels as they are stored. */
  int storedWidth();

  /**
   * Returns the pixels as they were before.
   *
   * @param pixels the array may be changed
   * @param check called for each row
   */
  int[] invert(int[] pixels, int height, Runnable check);
}
