package io.panamba.model.segmentation;

/** A class for every pixel of an image, rows from the top, pixels from the left. */
public final class LabelMap {
  /** The most classes that a map can tell apart. */
  public static final int MAX_CLASSES = 1 << Short.SIZE;

  private final int height;
  private final int width;
  private final int classes;
  private final short[] labels;

  private LabelMap(int height, int width, int classes, short[] labels) {
    this.height = height;
    this.width = width;
    this.classes = classes;
    this.labels = labels;
  }

  /**
   * Makes a map of indices.
   *
   * @param height rows, at least 1
   * @param width pixels in a row, at least 1
   * @param classes how many there are, 1 to {@link #MAX_CLASSES}
   * @param labels {@code height * width} unsigned indices of classes; used, not copied
   * @return the map
   * @throws IllegalArgumentException if a size is not positive, the number of indices is another,
   *     or an index is not below {@code classes}
   */
  public static LabelMap of(int height, int width, int classes, short[] labels) {
    if (height < 1 || width < 1 || labels.length != (long) height * width) {
      throw new IllegalArgumentException(
          "a map of %d x %d pixels has a class for each and no empty side; %d were given"
              .formatted(width, height, labels.length));
    }
    if (classes < 1 || classes > MAX_CLASSES) {
      throw new IllegalArgumentException(
          "a map has 1 to %d classes, not %d".formatted(MAX_CLASSES, classes));
    }
    for (short label : labels) {
      if (Short.toUnsignedInt(label) >= classes) {
        throw new IllegalArgumentException(
            "%d is no class of %d".formatted(Short.toUnsignedInt(label), classes));
      }
    }
    return new LabelMap(height, width, classes, labels);
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
   * Returns the width.
   *
   * @return pixels in a row
   */
  public int width() {
    return width;
  }

  /**
   * Returns how many classes there are.
   *
   * @return one more than the largest possible index
   */
  public int classes() {
    return classes;
  }

  /**
   * Returns the class of a pixel.
   *
   * @param x its column
   * @param y its row
   * @return an index, from 0
   * @throws IndexOutOfBoundsException if there is no such pixel
   */
  public int at(int x, int y) {
    if (x < 0 || x >= width) {
      throw new IndexOutOfBoundsException(
          "there is no column %d in a map of %d x %d".formatted(x, width, height));
    }
    return Short.toUnsignedInt(labels[y * width + x]);
  }

  /**
   * Returns the classes of all pixels.
   *
   * @return the map's own array of {@code height * width} unsigned indices, not a copy
   */
  public short[] labels() {
    return labels;
  }

  /**
   * Returns the part of the pixels that each class has.
   *
   * @return of every class, adding up to 1
   */
  public double[] shares() {
    int[] counts = new int[classes];
    for (short label : labels) {
      counts[Short.toUnsignedInt(label)]++;
    }
    double[] shares = new double[classes];
    for (int i = 0; i < classes; i++) {
      shares[i] = (double) counts[i] / labels.length;
    }
    return shares;
  }

  /** Writes the size and the number of classes. */
  @Override
  public String toString() {
    return "%d x %d pixels of %d classes".formatted(width, height, classes);
  }
}
