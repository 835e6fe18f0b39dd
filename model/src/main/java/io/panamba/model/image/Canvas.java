package io.panamba.model.image;

/** Places and turns whole pictures. */
final class Canvas {
  private static final int CHANNELS = 3;

  private Canvas() {}

  /** How a picture is stored: what to do with it to see it upright, in TIFF's order. */
  enum Orientation {
    NORMAL(false, false, false),
    FLIP_H(false, true, false),
    ROTATE_180(false, true, true),
    FLIP_V(false, false, true),
    TRANSPOSE(true, false, false),
    ROTATE_CLOCKWISE(true, true, false),
    TRANSVERSE(true, true, true),
    ROTATE_COUNTERCLOCKWISE(true, false, true);

    private final boolean transpose;
    private final boolean mirrorColumns;
    private final boolean mirrorRows;

    Orientation(boolean transpose, boolean mirrorColumns, boolean mirrorRows) {
      this.transpose = transpose;
      this.mirrorColumns = mirrorColumns;
      this.mirrorRows = mirrorRows;
    }

    /** Reads the value of TIFF's field, 1 to 8; others mean nothing. */
    static Orientation of(long field) {
      return field >= 1 && field <= values().length ? values()[(int) field - 1] : NORMAL;
    }
  }

  /**
   * Puts a picture on a canvas; what is outside is cut off.
   *
   * @param colour the canvas, 0xRRGGBB
   */
  static RgbImage place(RgbImage image, int left, int top, int width, int height, int colour) {
    if (left == 0 && top == 0 && width == image.width() && height == image.height()) {
      return image;
    }
    byte[] out = Rasters.allocate(width, height);
    for (int at = 0; at < out.length; at += CHANNELS) {
      out[at] = (byte) (colour >> 16);
      out[at + 1] = (byte) (colour >> 8);
      out[at + 2] = (byte) colour;
    }
    int columns = Math.min(image.width(), width - left);
    int rows = Math.min(image.height(), height - top);
    for (int y = 0; y < rows && columns > 0; y++) {
      System.arraycopy(
          image.pixels(),
          y * image.width() * CHANNELS,
          out,
          ((top + y) * width + left) * CHANNELS,
          columns * CHANNELS);
    }
    return RgbImage.of(width, height, out);
  }

  static RgbImage orient(RgbImage image, Orientation orientation) {
    if (orientation == Orientation.NORMAL) {
      return image;
    }
    int width = orientation.transpose ? image.height() : image.width();
    int height = orientation.transpose ? image.width() : image.height();
    byte[] in = image.pixels();
    byte[] out = new byte[in.length];
    int at = 0;
    for (int y = 0; y < height; y++) {
      int row = orientation.mirrorRows ? height - 1 - y : y;
      for (int x = 0; x < width; x++) {
        int column = orientation.mirrorColumns ? width - 1 - x : x;
        int from = orientation.transpose ? column * image.width() + row : row * width + column;
        System.arraycopy(in, from * CHANNELS, out, at, CHANNELS);
        at += CHANNELS;
      }
    }
    return RgbImage.of(width, height, out);
  }
}
