package io.panamba.model.image;

import java.awt.image.Raster;
import java.util.Objects;

/**
 * A picture whose samples are indices, such as a mask of classes: of a PNG file with a palette, or
 * of one channel of grey. Rows from the top, pixels from the left.
 */
public final class IndexImage {
  private final int width;
  private final int height;
  private final boolean ofBytes;
  private final short[] indices;

  private IndexImage(int width, int height, boolean ofBytes, short[] indices) {
    this.width = width;
    this.height = height;
    this.ofBytes = ofBytes;
    this.indices = indices;
  }

  /**
   * Makes a picture of indices.
   *
   * @param width pixels in a row, at least 1
   * @param height rows, at least 1
   * @param ofBytes whether the file's samples have at most 8 bits, and not 16
   * @param indices {@code width * height} unsigned numbers; used, not copied
   * @return the picture
   * @throws ImageException if a side is empty or the number of indices is another
   */
  public static IndexImage of(int width, int height, boolean ofBytes, short[] indices) {
    if (width < 1 || height < 1 || indices.length != (long) width * height) {
      throw new ImageException(
          "a mask of %s x %s pixels has an index for each and no empty side; %s were given"
              .formatted(width, height, indices.length));
    }
    return new IndexImage(width, height, ofBytes, indices);
  }

  /** Takes the one channel of a raster. */
  static IndexImage of(Raster raster) {
    int width = raster.getWidth();
    int height = raster.getHeight();
    short[] indices = new short[Math.multiplyExact(width, height)];
    int[] row = new int[width];
    for (int y = 0; y < height; y++) {
      raster.getSamples(raster.getMinX(), raster.getMinY() + y, width, 1, 0, row);
      for (int x = 0; x < width; x++) {
        indices[y * width + x] = (short) row[x];
      }
    }
    return new IndexImage(
        width, height, raster.getSampleModel().getSampleSize(0) <= Byte.SIZE, indices);
  }

  /**
   * Returns the width.
   *
   * @return pixels in a row
   */
  public int width() {
    return width;
  }

  /**
   * Returns the height.
   *
   * @return rows
   */
  public int height() {
    return height;
  }

  /**
   * Tells how large indices can be.
   *
   * @return whether the file's samples have at most 8 bits, and not 16
   */
  public boolean isOfBytes() {
    return ofBytes;
  }

  /**
   * Returns all indices.
   *
   * @return the picture's own array of {@code width * height} unsigned numbers, not a copy
   */
  public short[] indices() {
    return indices;
  }

  /**
   * Takes every pixel's index from the nearest pixel before it, as OpenCV's {@code INTER_NEAREST}
   * does: column {@code floor(x width / newWidth)}.
   *
   * @param newWidth pixels in a row, at least 1
   * @param newHeight rows, at least 1
   * @return the resized picture, or this one if the size is its own
   */
  public IndexImage resize(int newWidth, int newHeight) {
    if (newWidth == width && newHeight == height) {
      return this;
    }
    short[] to = new short[Math.multiplyExact(newWidth, newHeight)];
    for (int y = 0; y < newHeight; y++) {
      int from = (int) ((long) y * height / newHeight) * width;
      for (int x = 0; x < newWidth; x++) {
        to[y * newWidth + x] = indices[from + (int) ((long) x * width / newWidth)];
      }
    }
    return of(newWidth, newHeight, ofBytes, to);
  }

  /**
   * Takes a part.
   *
   * @param left its first column
   * @param top its first row
   * @param partWidth its width
   * @param partHeight its height
   * @return the part
   * @throws IndexOutOfBoundsException if it is not inside of the picture
   */
  public IndexImage crop(int left, int top, int partWidth, int partHeight) {
    Objects.checkFromIndexSize(left, partWidth, width);
    Objects.checkFromIndexSize(top, partHeight, height);
    short[] to = new short[partWidth * partHeight];
    for (int y = 0; y < partHeight; y++) {
      System.arraycopy(indices, (top + y) * width + left, to, y * partWidth, partWidth);
    }
    return of(partWidth, partHeight, ofBytes, to);
  }

  /**
   * Exchanges left and right.
   *
   * @return the mirrored picture
   */
  public IndexImage mirrored() {
    short[] to = new short[indices.length];
    for (int i = 0; i < to.length; i++) {
      to[i] = indices[i / width * width + (width - 1 - i % width)];
    }
    return of(width, height, ofBytes, to);
  }

  @Override
  public String toString() {
    return "%s x %s pixels".formatted(width, height);
  }
}
