package io.panamba.runtime.operation;

import io.panamba.runtime.internal.Checks;

/**
 * The kernel of a two-dimensional convolution, and how it goes over an image.
 *
 * @param height rows of taps, 1 to {@link #MAX_SIDE}
 * @param width taps of a row
 * @param stride pixels from one place to the next, 1 to {@link #MAX_SIDE}
 * @param padding zeros on every side of the image, fewer than the kernel has rows and columns
 */
public record Kernel(int height, int width, int stride, int padding) {
  /** The longest side. */
  public static final int MAX_SIDE = 16;

  /** Checks the bounds. */
  public Kernel {
    Checks.require(
        height >= 1 && height <= MAX_SIDE && width >= 1 && width <= MAX_SIDE,
        "kernel",
        "%d x %d taps; expected 1 to %d each",
        height,
        width,
        MAX_SIDE);
    Checks.require(
        stride >= 1 && stride <= MAX_SIDE,
        "kernel",
        "a stride of %d; expected 1 to %d",
        stride,
        MAX_SIDE);
    Checks.require(
        padding >= 0 && padding < Math.min(height, width),
        "kernel",
        "a padding of %d; expected fewer than the kernel's %d x %d taps",
        padding,
        height,
        width);
  }

  /**
   * A square kernel.
   *
   * @param side rows and columns of taps
   * @param stride pixels from one place to the next
   * @param padding zeros on every side of the image
   * @return the kernel
   */
  public static Kernel square(int side, int stride, int padding) {
    return new Kernel(side, side, stride, padding);
  }

  /**
   * Counts taps.
   *
   * @return height times width
   */
  public int taps() {
    return height * width;
  }

  /**
   * Tells where a convolution has results.
   *
   * @param image of the input
   * @return the places of the kernel
   */
  public Grid over(Grid image) {
    Checks.require(
        height <= image.height() + 2L * padding && width <= image.width() + 2L * padding,
        "kernel",
        "%d x %d taps with a padding of %d do not fit an image of %s",
        height,
        width,
        padding,
        image);
    return new Grid(
        (image.height() + 2L * padding - height) / stride + 1,
        (image.width() + 2L * padding - width) / stride + 1);
  }
}
