package io.panamba.tests.errors;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Shape;
import io.panamba.runtime.ShapeException;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Operation;
import java.lang.foreign.Arena;
import java.util.Collections;
import java.util.function.Supplier;

/** An operation that can't be made, and what is said about it; tensors to try it with. */
record Refusal(String message, Supplier<Operation> operation) {
  private static final Arena ARENA = Arena.ofAuto();

  void check() {
    assertThatThrownBy(operation::get).isInstanceOf(ShapeException.class).hasMessage(message);
  }

  static Tensor f32(long... sizes) {
    return Tensor.allocate(ARENA, DType.F32, Shape.of(sizes));
  }

  static Tensor f64(long... sizes) {
    return Tensor.allocate(ARENA, DType.F64, Shape.of(sizes));
  }

  static Tensor bf16(long... sizes) {
    return Tensor.allocate(ARENA, DType.BF16, Shape.of(sizes));
  }

  static Tensor i32(long... sizes) {
    return Tensor.allocate(ARENA, DType.I32, Shape.of(sizes));
  }

  static Tensor readOnly(long... sizes) {
    Tensor tensor = f32(sizes);
    return Tensor.of(tensor.segment().asReadOnly(), tensor.dtype(), tensor.shape());
  }

  static PackedMatrix packed(long columns, long depth) {
    try (Device device = Device.cpu(1)) {
      return device.pack(ARENA, MatrixSource.of(f32(columns, depth)), DType.F32);
    }
  }

  /** So many matrices, one for each tap of a convolution. */
  static PackedMatrix packed(int count, long columns, long depth) {
    try (Device device = Device.cpu(1)) {
      MatrixSource source = MatrixSource.of(f32(columns, depth));
      return device.pack(ARENA, Collections.nCopies(count, source), DType.F32);
    }
  }

  @Override
  public String toString() {
    return message;
  }
}
