package io.panamba.tests.memory;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Rotary;
import io.panamba.runtime.oracle.ScalarRotary;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Rotary embeddings of every even width, in place and elsewhere, of all tokens and of some. */
@OnEveryTier
class RotarySweepTest extends Sweep {
  private static final double BOUND = 0x1p-23;
  private static final int[] LENGTHS = {1, 2, 17};
  private static final int[] WIDTHS = {2, 16, 38};

  @ParameterizedTest
  @EnumSource
  void widths(Placement placement) {
    for (int dim = 2; dim <= MAX_CHANNELS; dim += 2) {
      for (int length : LENGTHS) {
        check(placement, length, dim);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void lengths(Placement placement) {
    for (int length = 1; length <= MAX_LENGTH; length++) {
      for (int dim : WIDTHS) {
        check(placement, length, dim);
      }
    }
  }

  private static void check(Placement placement, int length, int dim) {
    check(placement, length, dim, 0, length);
    check(placement, length, dim, length / 2, length - length / 2);
    check(placement, length, dim, 0, (length + 1) / 2);
  }

  private static void check(Placement placement, int length, int dim, int first, int positions) {
    int batch = 1 + length % 2;
    for (boolean inPlace : new boolean[] {false, true}) {
      try (Guarded guarded = new Guarded(placement, length + dim)) {
        Tensor cos = guarded.input(positions, dim);
        Tensor sin = guarded.input(positions, dim);
        Tensor x = inPlace ? null : guarded.input(batch, length, dim);
        guarded.outputsFollow();
        Tensor out = guarded.output(batch, length, dim);
        float[] values = inPlace ? guarded.before(out) : x.toFloats();
        guarded.run(devices, new Rotary(inPlace ? out : x, cos, sin, first, out));
        ScalarRotary.out(values, cos.toFloats(), sin.toFloats(), length, dim, first)
            .assertClose(
                out.toFloats(),
                BOUND,
                "%d x %d x %d, %d from %d, in place: %s"
                    .formatted(batch, length, dim, positions, first, inPlace));
      }
    }
  }
}
