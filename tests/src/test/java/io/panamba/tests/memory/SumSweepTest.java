package io.panamba.tests.memory;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Clip;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Squares;
import io.panamba.runtime.operation.Sum;
import io.panamba.runtime.oracle.Values;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sums of parts of every tail, some of them with gaps, sums of squares, and norms from them. */
@OnEveryTier
class SumSweepTest extends Sweep {
  private static final int[] FEW_COUNTS = {1, 2, 3};
  private static final int[] COUNTS = {31, 32, 33, 63, 64, 65, 130, 200};
  private static final int[] WIDTHS = {1, 7, 17, 33};
  private static final int WIDE = 384;
  private static final float[] ACCUMULATE = {0, 1, -0.5f};

  /** A chain adds up 2048 squares, whose roundings mostly cancel; a root halves their error. */
  private static final double NORM_BOUND = 2e-5;

  @ParameterizedTest
  @EnumSource
  void widths(Placement placement) {
    for (int width = 1; width <= MAX_CHANNELS; width++) {
      for (int count : FEW_COUNTS) {
        check(placement, count, width);
      }
    }
    check(placement, 3, WIDE);
  }

  @ParameterizedTest
  @EnumSource
  void counts(Placement placement) {
    for (int count : COUNTS) {
      for (int width : WIDTHS) {
        check(placement, count, width);
      }
    }
  }

  /** Parts that begin late and lie apart; the last one ends where their memory ends. */
  private static void check(Placement placement, int count, int width) {
    int variant = count + width;
    int first = variant % 4 == 0 ? 3 : 0;
    int stride = width + variant % 3;
    float accumulate = ACCUMULATE[(variant / 2) % ACCUMULATE.length];
    float scale = variant % 2 == 0 ? 0.25f : 1;
    try (Guarded guarded = new Guarded(placement, variant)) {
      Tensor parts = guarded.input(first + (count - 1) * stride + width);
      guarded.outputsFollow();
      Tensor out = guarded.output(width);
      guarded.run(devices, new Sum(parts, first, count, stride, accumulate, scale, out));
      float[] values = parts.toFloats();
      Values expected = new Values(width);
      for (int i = 0; i < width; i++) {
        expected.add(i, (double) accumulate * guarded.before(out)[i]);
        for (int part = 0; part < count; part++) {
          expected.add(i, (double) scale * values[first + part * stride + i]);
        }
      }
      assertSum(expected, out, count, "%d parts of %d, %d apart".formatted(count, width, stride));
    }
  }

  private static void assertSum(Values expected, Tensor out, int count, String what) {
    expected.assertClose(out.toFloats(), (66 + count / 64) * 0x1p-24, what);
  }

  /** The gradients of position embeddings and biases, with the last row at the end of memory. */
  @ParameterizedTest
  @EnumSource
  void axesAndRows(Placement placement) {
    for (int width : WIDTHS) {
      for (int count : COUNTS) {
        try (Guarded guarded = new Guarded(placement, width + count)) {
          Tensor parts = guarded.input(count, 3, width);
          guarded.outputsFollow();
          Tensor images = guarded.output(3, width);
          Tensor piece = guarded.output(width);
          Tensor rows = guarded.output(1);
          guarded.run(
              devices,
              Sum.of(parts, images),
              Sum.of(parts, 2L * width, piece),
              Sum.ofRows(new Columns(parts, width - 1, 1), rows));
          float[] values = parts.toFloats();
          Values ofImages = new Values(3 * width);
          Values ofPiece = new Values(width);
          Values ofRows = new Values(1);
          for (int i = 0; i < values.length; i++) {
            ofImages.add(i % (3 * width), values[i]);
            if (i / width % 3 == 2) {
              ofPiece.add(i % width, values[i]);
            }
            if (i % width == width - 1) {
              ofRows.add(0, values[i]);
            }
          }
          String what = "%d x 3 x %d".formatted(count, width);
          assertSum(ofImages, images, count, what);
          assertSum(ofPiece, piece, count, what);
          assertSum(ofRows, rows, 3 * count, what);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void norms(Placement placement) {
    for (int count = 1; count <= MAX_CHANNELS; count++) {
      checkNorm(placement, count, count % 2 == 0 ? 1 : Float.POSITIVE_INFINITY);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {Squares.PART - 1, Squares.PART, Squares.PART + 1, 2 * Squares.PART + 33})
  void normsOfParts(int count) {
    for (Placement placement : Placement.values()) {
      checkNorm(placement, count, 1);
    }
  }

  private static void checkNorm(Placement placement, int count, float limit) {
    try (Guarded guarded = new Guarded(placement, count)) {
      Tensor x = guarded.input(count);
      guarded.outputsFollow();
      Tensor parts = guarded.output(Squares.parts(count));
      Tensor result = guarded.output(2);
      guarded.run(devices, new Squares(x, parts), new Clip(parts, limit, result));
      Values squares = new Values(Math.toIntExact(Squares.parts(count)));
      float[] values = x.toFloats();
      double sum = 0;
      for (int i = 0; i < count; i++) {
        double square = Math.pow(values[i], 2);
        squares.add(i / Squares.PART, square);
        sum += square;
      }
      String what = "norm of %d, limit %s".formatted(count, limit);
      squares.assertClose(parts.toFloats(), 2 * NORM_BOUND, what);
      Values expected = new Values(2);
      expected.add(0, Math.sqrt(sum));
      expected.add(1, Math.min(1, limit / (Math.sqrt(sum) + 1e-6)));
      expected.assertClose(result.toFloats(), NORM_BOUND, what);
    }
  }
}
