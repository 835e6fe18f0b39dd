package io.panamba.model.graph;

import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;

/**
 * Where a value is: neighbouring columns of a buffer, or of one half of it.
 *
 * @param half of the buffer's first axis, 0 or 1; or {@link #WHOLE}
 */
record Place(Buffer buffer, int half, long first, long count) {
  /** The buffer has no halves. */
  static final int WHOLE = -1;

  static Place of(Buffer buffer) {
    return new Place(buffer, WHOLE, 0, buffer.shape().size(-1));
  }

  /** The half of a buffer, whose first axis has both. */
  static Place half(Buffer buffer, int half) {
    return new Place(buffer, half, 0, buffer.shape().size(-1));
  }

  boolean isHalf() {
    return half != WHOLE;
  }

  /** A part of its columns. */
  Place columns(long from, long number) {
    return new Place(buffer, half, first + from, number);
  }

  Columns columns() {
    return new Columns(rows(), first, count);
  }

  boolean isWhole() {
    return count == buffer.shape().size(-1);
  }

  /** The tensor, of which it is all columns. */
  Tensor tensor() {
    if (!isWhole()) {
      throw new IllegalStateException("a part of a row is no tensor");
    }
    return rows();
  }

  Tensor tensor(long... sizes) {
    return tensor().reshape(Shape.of(sizes));
  }

  /** The tensor of which it is some columns. */
  Tensor rows() {
    Tensor all = buffer.tensor();
    long images = all.shape().size(0) / 2;
    return isHalf() ? all.slice(half * images, images) : all;
  }
}
