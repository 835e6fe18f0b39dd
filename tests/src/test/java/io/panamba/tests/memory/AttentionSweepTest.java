package io.panamba.tests.memory;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Attention;
import io.panamba.runtime.operation.AttentionGradient;
import io.panamba.runtime.operation.Columns;
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
    expected.out().assertClose(Guarded.columns(forward.out()), bound, what);
    ScalarAttention.Gradients gradients = expected.gradients(backward);
    gradients.q().assertClose(Guarded.columns(backward.qGradient()), bound, "q of " + what);
    gradients.k().assertClose(Guarded.columns(backward.kGradient()), bound, "k of " + what);
    gradients.v().assertClose(Guarded.columns(backward.vGradient()), bound, "v of " + what);
  }
}
