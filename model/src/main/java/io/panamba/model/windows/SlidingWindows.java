package io.panamba.model.windows;

/**
 * Where the windows over an image lie (mmsegmentation, {@code slide_inference}): along each side
 * they start every {@code stride} pixels, the last one so that it ends with the image. An image
 * smaller than a window is filled up at the right and the bottom. Windows are counted by rows.
 */
public final class SlidingWindows {
  private final int height;
  private final int width;
  private final int windowHeight;
  private final int windowWidth;
  private final int[] tops;
  private final int[] lefts;

  private SlidingWindows(
      int height, int width, int windowHeight, int windowWidth, int[] tops, int[] lefts) {
    this.height = height;
    this.width = width;
    this.windowHeight = windowHeight;
    this.windowWidth = windowWidth;
    this.tops = tops;
    this.lefts = lefts;
  }

  /**
   * Lays square windows over an image.
   *
   * @param height of the image in pixels
   * @param width of the image in pixels
   * @param side of a window in pixels
   * @param stride pixels from window to window, at most {@code side}
   * @return the windows
   * @throws IllegalArgumentException if one is less than 1 or the windows leave gaps
   */
  public static SlidingWindows of(int height, int width, int side, int stride) {
    require(height, width);
    if (stride < 1 || stride > side) {
      throw new IllegalArgumentException(
          "windows of %d pixels start every 1 to %d pixels, not every %d"
              .formatted(side, side, stride));
    }
    return new SlidingWindows(
        height, width, side, side, starts(height, side, stride), starts(width, side, stride));
  }

  /**
   * Takes the whole image as one window.
   *
   * @param height of the image in pixels
   * @param width of the image in pixels
   * @return the window
   * @throws IllegalArgumentException if one is less than 1
   */
  public static SlidingWindows whole(int height, int width) {
    require(height, width);
    return new SlidingWindows(height, width, height, width, new int[1], new int[1]);
  }

  private static void require(int height, int width) {
    if (height < 1 || width < 1) {
      throw new IllegalArgumentException("no image is of %d x %d".formatted(height, width));
    }
  }

  private static int[] starts(int size, int side, int stride) {
    int beyond = Math.max(size - side, 0);
    int[] starts = new int[(int) (((long) beyond + stride - 1) / stride) + 1];
    for (int i = 0; i < starts.length; i++) {
      starts[i] = (int) Math.min((long) i * stride, beyond);
    }
    return starts;
  }

  /**
   * Returns the height of the image.
   *
   * @return pixels
   */
  public int height() {
    return height;
  }

  /**
   * Returns the width of the image.
   *
   * @return pixels
   */
  public int width() {
    return width;
  }

  /**
   * Returns the height of a window.
   *
   * @return pixels
   */
  public int windowHeight() {
    return windowHeight;
  }

  /**
   * Returns the width of a window.
   *
   * @return pixels
   */
  public int windowWidth() {
    return windowWidth;
  }

  /**
   * Returns how many windows there are.
   *
   * @return at least 1
   */
  public int count() {
    return tops.length * lefts.length;
  }

  /**
   * Returns where a window starts.
   *
   * @param index the window
   * @return its first row
   */
  public int top(int index) {
    return tops[index / lefts.length];
  }

  /**
   * Returns where a window starts.
   *
   * @param index the window
   * @return its first column
   */
  public int left(int index) {
    return lefts[index % lefts.length];
  }

  /** Returns how many rows of windows there are. */
  int rows() {
    return tops.length;
  }

  /** Returns how many windows a row has. */
  int columns() {
    return lefts.length;
  }
}
