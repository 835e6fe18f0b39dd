package io.panamba.tests.memory;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Product;
import io.panamba.runtime.oracle.Floats;
import io.panamba.runtime.oracle.Values;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Products of every tail, by rows and by columns, reading and writing parts of wider rows. */
@OnEveryTier
class ProductSweepTest extends Sweep {
  private static final int[] FEW_ROWS = {1, 5, 14};
  private static final int[] DEPTHS = {1, 2, 17};
  private static final int[] LONG_DEPTHS = {255, 256, 257, 513};
  private static final int[] WIDTHS = {1, 7, 17, 33};
  private static final int PADDING = 3;
  private static final float[] ACCUMULATE = {0, 1, -0.5f};

  /**
   * How a case reaches its memory.
   *
   * @param before columns of wider rows before the chosen ones
   * @param after columns after them
   */
  private record Margin(int before, int after) {
    static final Margin[] ALL = {new Margin(0, 0), new Margin(PADDING, 0), new Margin(0, PADDING)};

    Columns of(Tensor tensor) {
      return new Columns(tensor, before, tensor.shape().size(-1) - before - after);
    }

    long width(long count) {
      return before + count + after;
    }
  }

  @ParameterizedTest
  @EnumSource
  void columns(Placement placement) {
    for (int columns = 1; columns <= MAX_CHANNELS; columns++) {
      for (int rows : FEW_ROWS) {
        for (int depth : DEPTHS) {
          check(placement, rows, depth, columns);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void rows(Placement placement) {
    for (int rows = 1; rows <= MAX_LENGTH; rows++) {
      for (int columns : WIDTHS) {
        check(placement, rows, 3, columns);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void depths(Placement placement) {
    for (int columns : WIDTHS) {
      for (int depth = 1; depth <= MAX_CHANNELS; depth++) {
        check(placement, 7, depth, columns);
      }
      for (int depth : LONG_DEPTHS) {
        check(placement, 7, depth, columns);
      }
    }
  }

  private static void check(Placement placement, int rows, int depth, int columns) {
    check(placement, rows, depth, columns, false);
    check(placement, rows, depth, columns, true);
  }

  private static void check(
      Placement placement, int rows, int depth, int columns, boolean transposed) {
    int variant = rows + depth + columns;
    Margin margin = Margin.ALL[variant % Margin.ALL.length];
    float accumulate = ACCUMULATE[(variant / 2) % ACCUMULATE.length];
    try (Guarded guarded = new Guarded(placement, variant)) {
      Columns left =
          margin.of(
              transposed
                  ? guarded.input(depth, margin.width(rows))
                  : guarded.input(rows, margin.width(depth)));
      Columns right = margin.of(guarded.input(depth, margin.width(columns)));
      guarded.outputsFollow();
      Columns out = margin.of(guarded.output(rows, margin.width(columns)));
      guarded.run(devices, new Product(left, transposed, right, accumulate, out));

      float[] a = Floats.of(left);
      float[] b = Floats.of(right);
      float[] before = Floats.of(out, guarded.before(out.tensor()));
      Values expected = new Values(rows * columns);
      for (int i = 0; i < expected.count(); i++) {
        expected.add(i, (double) accumulate * before[i]);
        for (int k = 0; k < depth; k++) {
          int row = i / columns;
          float factor = transposed ? a[k * rows + row] : a[row * depth + k];
          expected.add(i, (double) factor * b[k * columns + i % columns]);
        }
      }
      // One rounding for each product and for what is accumulated.
      expected.assertClose(
          Floats.of(out),
          (depth + 2) * 0x1p-24,
          "(%d, %d) by (%d, %d), transposed %s, margin %s"
              .formatted(rows, depth, depth, columns, transposed, margin));
      guarded.assertOthersUntouched(out);
    }
  }
}
