package io.panamba.tests.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Attention;
import io.panamba.runtime.operation.AttentionGradient;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.oracle.Floats;
import io.panamba.runtime.oracle.ScalarAttention;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Attention and its gradient of every tail of queries, keys and dimensions. */
@OnEveryTier
class AttentionSweepTest extends Sweep {
  private static final int[] FEW_LENGTHS = {1, 5, 18};
  private static final int[] DIMS = {1, 12, 17};

  /** Around the numbers of queries and keys by which the work is cut. */
  private static final int[] LONG = {47, 49, 71, 73, 96, 97, 107, 109, 197};

  private static final int PADDING = 3;

  @ParameterizedTest
  @EnumSource
  void dims(Placement placement) {
    for (int dim = 1; dim <= MAX_CHANNELS; dim++) {
      for (int length : FEW_LENGTHS) {
        check(placement, length, dim);
      }
    }
    check(placement, 2, Attention.MAX_HEAD_DIM);
  }

  @ParameterizedTest
  @EnumSource
  void lengths(Placement placement) {
    for (int dim : DIMS) {
      for (int length = 1; length <= MAX_LENGTH; length++) {
        check(placement, length, dim);
      }
      for (int length : LONG) {
        check(placement, length, dim);
      }
    }
  }

  /** Some rows as queries of their own: they have the bits that they have among all. */
  @ParameterizedTest
  @EnumSource
  void fewerQueries(Placement placement) {
    for (int dim : DIMS) {
      for (int length = 2; length <= MAX_LENGTH; length++) {
        checkFewer(placement, 1, length, dim);
        checkFewer(placement, 2, length, dim);
        checkFewer(placement, length / 2 | 1, length, dim);
      }
      for (int length : LONG) {
        checkFewer(placement, 1, length, dim);
        checkFewer(placement, length / 2 | 1, length, dim);
      }
    }
  }

  private static void checkFewer(Placement placement, int queries, int length, int dim) {
    int batch = 1 + length % 3;
    int heads = 1 + (length + dim) % 2;
    int first = (length - queries) / 2;
    int width = heads * dim;
    try (Guarded guarded = new Guarded(placement, length + dim)) {
      Columns q = new Columns(guarded.input(batch, length, width + PADDING), PADDING, width);
      Columns k = Columns.of(guarded.input(batch, length, width));
      Columns v = new Columns(guarded.input(batch, length, width + 1), 1, width);
      float[] chosen = rows(Floats.of(q), first, queries, length, width);
      Columns some = Columns.of(guarded.numbers(chosen).reshape(Shape.of(batch, queries, width)));
      guarded.outputsFollow();
      Columns out = Columns.of(guarded.output(batch, length, width));
      Columns fewer = new Columns(guarded.output(batch, queries, width + 1), 0, width);
      Tensor statistics = guarded.output(batch, heads, 2, length);
      Tensor fewerStatistics = guarded.output(batch, heads, 2, queries);
      Attention operation = new Attention(some, k, v, heads, 0.7f, fewer, fewerStatistics);
      guarded.run(devices, new Attention(q, k, v, heads, 0.7f, out, statistics), operation);
      String what = "%d queries of %s, %d heads".formatted(queries, k.tensor(), heads);
      ScalarAttention expected = new ScalarAttention(operation);
      expected.out().assertClose(Floats.of(fewer), expected.bound(), what);
      assertThat(Floats.of(fewer))
          .as(what)
          .isEqualTo(rows(Floats.of(out), first, queries, length, width));
      assertThat(fewerStatistics.toFloats())
          .as("statistics, " + what)
          .isEqualTo(rows(statistics.toFloats(), first, queries, length, 1));
      guarded.assertOthersUntouched(fewer);
    }
  }

  /** Rows from the given one on, of each stretch of {@code length}. */
  private static float[] rows(float[] all, int first, int count, int length, int width) {
    int stretches = all.length / (length * width);
    float[] chosen = new float[stretches * count * width];
    for (int i = 0; i < stretches; i++) {
      System.arraycopy(all, (i * length + first) * width, chosen, i * count * width, count * width);
    }
    return chosen;
  }

  /** q, k and v as one layer writes them, or apart and in wider rows. */
  private static void check(Placement placement, int length, int dim) {
    int batch = 1 + (length + dim) % 2;
    int heads = 1 + (length / 2 + dim) % 3;
    if ((length + dim) % 3 == 0) {
      checkPacked(placement, batch, length, heads, dim);
    } else {
      checkApart(placement, batch, length, heads, dim);
    }
  }

  private static void checkPacked(Placement placement, int batch, int length, int heads, int dim) {
    long width = (long) heads * dim;
    try (Guarded guarded = new Guarded(placement, length + dim)) {
      Tensor qkv = guarded.input(batch, length, 3 * width);
      Columns outGradient = Columns.of(guarded.input(batch, length, width));
      guarded.outputsFollow();
      Tensor out = guarded.output(batch, length, width);
      Tensor statistics = guarded.output(batch, heads, 2, length);
      Tensor gradient = guarded.output(batch, length, 3 * width);
      Attention forward = Attention.of(qkv, heads, out, statistics);
      check(
          guarded,
          new AttentionGradient(
              forward,
              outGradient,
              new Columns(gradient, 0, width),
              new Columns(gradient, width, width),
              new Columns(gradient, 2 * width, width)));
    }
  }

  private static void checkApart(Placement placement, int batch, int length, int heads, int dim) {
    long width = (long) heads * dim;
    try (Guarded guarded = new Guarded(placement, length + dim)) {
      Columns q = new Columns(guarded.input(batch, length, width), 0, width);
      Columns k = new Columns(guarded.input(batch, length, width + PADDING), 0, width);
      Columns v = new Columns(guarded.input(batch, length, width + PADDING), PADDING, width);
      Columns outGradient = new Columns(guarded.input(batch, length, width + 1), 1, width);
      guarded.outputsFollow();
      Columns out = new Columns(guarded.output(batch, length, width + PADDING), 1, width);
      Tensor statistics = guarded.output(batch, heads, 2, length);
      Columns qGradient = new Columns(guarded.output(batch, length, width + 1), 0, width);
      Columns kGradient = new Columns(guarded.output(batch, length, width), 0, width);
      Columns vGradient = new Columns(guarded.output(batch, length, width + 1), 1, width);
      Attention forward = new Attention(q, k, v, heads, 0.7f, out, statistics);
      check(guarded, new AttentionGradient(forward, outGradient, qGradient, kGradient, vGradient));
      guarded.assertOthersUntouched(out);
      guarded.assertOthersUntouched(qGradient);
      guarded.assertOthersUntouched(vGradient);
    }
  }

  private static void check(Guarded guarded, AttentionGradient backward) {
    Attention forward = backward.forward();
    guarded.run(devices, forward, backward);
    ScalarAttention expected = new ScalarAttention(forward);
    String what = "%s, %d heads".formatted(forward.q().tensor(), forward.heads());
    double bound = expected.bound();
    expected.out().assertClose(Floats.of(forward.out()), bound, what);
    ScalarAttention.Gradients gradients = expected.gradients(backward);
    gradients.q().assertClose(Floats.of(backward.qGradient()), bound, "q of " + what);
    gradients.k().assertClose(Floats.of(backward.kGradient()), bound, "k of " + what);
    gradients.v().assertClose(Floats.of(backward.vGradient()), bound, "v of " + what);
  }
}
