package io.panamba.model.image.webp;

/**
 * A frame's samples in whole macroblocks of 16 x 16 pixels.
 *
 * @param width pixels of a row
 * @param height rows
 * @param luma one sample a pixel
 * @param blue the first chroma, one sample for 2 x 2 pixels
 * @param red the second chroma
 */
record Planes(int width, int height, Plane luma, Plane blue, Plane red) {
  static Planes allocate(int width, int height) {
    int columns = macroblocks(width);
    int rows = macroblocks(height);
    return new Planes(
        width,
        height,
        Plane.allocate(16 * columns, 16 * rows),
        Plane.allocate(8 * columns, 8 * rows),
        Plane.allocate(8 * columns, 8 * rows));
  }

  /** The number of macroblocks in a row. */
  int columns() {
    return macroblocks(width);
  }

  /** The number of rows of macroblocks. */
  int rows() {
    return macroblocks(height);
  }

  /** The number of macroblocks that cover so many pixels. */
  static int macroblocks(int pixels) {
    return (pixels + 15) / 16;
  }
}
