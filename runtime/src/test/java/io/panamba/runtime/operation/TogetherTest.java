package io.panamba.runtime.operation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.ShapeException;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

/** Two operations run at the same time only if neither touches what the other writes. */
class TogetherTest {
  private final Arena arena = Arena.ofAuto();

  private Tensor tensor(long... sizes) {
    return Tensor.allocate(arena, DType.F32, Shape.of(sizes));
  }

  private static Pool pool(Tensor in, Tensor out) {
    return new Pool(Pool.Kind.MEAN, in, 0, in.shape().size(1), 1, out);
  }

  private static void refused(Operation first, Operation second) {
    assertThatThrownBy(() -> new Together(first, second))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("together: one operation writes");
    assertThatThrownBy(() -> new Together(second, first)).isInstanceOf(ShapeException.class);
  }

  @Test
  void partsOfOneTensor() {
    Tensor in = tensor(1, 3, 4);
    Tensor out = tensor(4, 4);
    Together pair = new Together(pool(in, out.slice(0, 1)), pool(in, out.slice(3, 1)));
    assertThat(pair.reads()).containsExactly(in, in);
    assertThat(pair.writes()).hasSize(2);
    refused(pool(in, out.slice(1, 1)), pool(in, out.slice(1, 1)));
  }

  @Test
  void columnsOfOneTensor() {
    Tensor x = tensor(3, 4);
    Tensor out = tensor(3, 8);
    Pointwise left = new Pointwise(Pointwise.Kind.SILU, Columns.of(x), new Columns(out, 0, 4));
    new Together(left, new Pointwise(Pointwise.Kind.SILU, Columns.of(x), new Columns(out, 4, 4)));
    refused(left, new Pointwise(Pointwise.Kind.SILU, Columns.of(x), new Columns(out, 3, 4)));
    // The same memory as rows of another width.
    Tensor narrow = out.reshape(Shape.of(6, 4));
    refused(left, new Pointwise(Pointwise.Kind.SILU, Columns.of(tensor(6, 4)), Columns.of(narrow)));
  }

  @Test
  void whatTheOtherReads() {
    Tensor in = tensor(1, 3, 4);
    Tensor row = tensor(1, 4);
    refused(pool(in, row), pool(row.reshape(Shape.of(1, 1, 4)), tensor(1, 4)));
  }
}
