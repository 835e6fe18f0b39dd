package io.panamba.model.task;

/**
 * How a segmenter sees pictures.
 *
 * @param whole whether a picture is seen at once, resized to sides that are multiples of 32 pixels,
 *     rather than window by window
 * @param stride pixels from window to window, or 0 for two thirds of a window
 */
public record SegmentationOptions(boolean whole, int stride) {
  /**
   * Checks the stride.
   *
   * @throws IllegalArgumentException if it is negative
   */
  public SegmentationOptions {
    if (stride < 0) {
      throw new IllegalArgumentException("a stride is at least 1, or 0, not " + stride);
    }
  }
}
