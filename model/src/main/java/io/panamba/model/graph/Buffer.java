package io.panamba.model.graph;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;

/** Memory of a program before it is there: from the step that first uses it to the last one. */
final class Buffer {
  private static final int ALWAYS = Integer.MAX_VALUE;

  private final DType dtype;
  private final Shape shape;
  private int first = ALWAYS;
  private int last = -1;
  private Tensor tensor;

  Buffer(DType dtype, Shape shape) {
    this.dtype = dtype;
    this.shape = shape;
  }

  /** Memory that is there. */
  Buffer(Tensor tensor) {
    this(tensor.dtype(), tensor.shape());
    this.tensor = tensor;
  }

  DType dtype() {
    return dtype;
  }

  Shape shape() {
    return shape;
  }

  long elements() {
    return shape.elements();
  }

  int first() {
    return first;
  }

  int last() {
    return last;
  }

  /** A step uses it. */
  void use(int step) {
    first = Math.min(first, step);
    last = Math.max(last, step);
  }

  /** It outlives the program. */
  void keep() {
    last = ALWAYS;
  }

  boolean isKept() {
    return last == ALWAYS;
  }

  /** Whether any step uses it that is not there yet. */
  boolean isWanted() {
    return tensor == null && first != ALWAYS;
  }

  void place(Tensor memory) {
    tensor = memory;
  }

  Tensor tensor() {
    if (tensor == null) {
      throw new IllegalStateException("a step uses memory without saying so");
    }
    return tensor;
  }
}
