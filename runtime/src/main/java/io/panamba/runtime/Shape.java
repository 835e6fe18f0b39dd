package io.panamba.runtime;

import java.util.Arrays;

/** The sizes of a tensor's axes, outermost first. A scalar has none. Immutable. */
public final class Shape {
  private final long[] sizes;
  private final long elements;

  private Shape(long[] sizes) {
    long product = 1;
    boolean empty = false;
    for (long size : sizes) {
      if (size < 0) {
        throw new ShapeException("a shape has no negative sizes: " + Arrays.toString(sizes));
      }
      empty |= size == 0;
    }
    if (!empty) {
      for (long size : sizes) {
        product = multiply(product, size, sizes);
      }
    }
    this.sizes = sizes;
    this.elements = empty ? 0 : product;
  }

  private static long multiply(long product, long size, long[] sizes) {
    long high = Math.multiplyHigh(product, size);
    long low = product * size;
    // 16 bytes an element bounds every type, so that byte sizes can't overflow either.
    if (high != 0 || low < 0 || low > Long.MAX_VALUE / 16) {
      throw new ShapeException("a tensor of shape " + Arrays.toString(sizes) + " is too large");
    }
    return low;
  }

  /**
   * Creates a shape.
   *
   * @param sizes the sizes of the axes, outermost first
   * @return the shape
   * @throws ShapeException if a size is negative or the number of elements overflows
   */
  public static Shape of(long... sizes) {
    return new Shape(sizes.clone());
  }

  /**
   * Returns the number of axes.
   *
   * @return the rank, 0 for a scalar
   */
  public int rank() {
    return sizes.length;
  }

  /**
   * Returns the size of an axis.
   *
   * @param axis from 0; negative values count from the last axis, which is -1
   * @return the size
   * @throws ShapeException if there is no such axis
   */
  public long size(int axis) {
    int index = axis < 0 ? sizes.length + axis : axis;
    if (index < 0 || index >= sizes.length) {
      throw new ShapeException("shape " + this + " has no axis " + axis);
    }
    return sizes[index];
  }

  /**
   * Returns the number of elements.
   *
   * @return the product of all sizes, 1 for a scalar
   */
  public long elements() {
    return elements;
  }

  /**
   * Returns the sizes.
   *
   * @return a copy
   */
  public long[] toArray() {
    return sizes.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape shape && Arrays.equals(sizes, shape.sizes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(sizes);
  }

  /** Writes the sizes as {@code (2, 197, 192)}. */
  @Override
  public String toString() {
    String text = Arrays.toString(sizes);
    return "(" + text.substring(1, text.length() - 1) + ")";
  }
}
