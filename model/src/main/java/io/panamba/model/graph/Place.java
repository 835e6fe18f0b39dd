package io.panamba.model.graph;

import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;

/** Where a value is: neighbouring columns of a buffer. */
record Place(Buffer buffer, long first, long count) {
  static Place of(Buffer buffer) {
    return new Place(buffer, 0, buffer.shape().size(-1));
  }

  /** A part of its columns. */
  Place columns(long from, long number) {
    return new Place(buffer, first + from, number);
  }

  Columns columns() {
    return new Columns(buffer.tensor(), first, count);
  }

  boolean isWhole() {
    return count == buffer.shape().size(-1);
  }

  /** The tensor, of which it is all columns. */
  Tensor tensor() {
    if (!isWhole()) {
      throw new IllegalStateException("a part of a row is no tensor");
    }
    return buffer.tensor();
  }

  Tensor tensor(long... sizes) {
    return tensor().reshape(Shape.of(sizes));
  }
}
