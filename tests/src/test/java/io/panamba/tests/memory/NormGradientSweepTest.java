package io.panamba.tests.memory;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Norm;
import io.panamba.runtime.operation.NormGradient;
import io.panamba.runtime.oracle.ScalarNorm;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Gradients of norms of every tail and number of rows, written and added to a residual's. */
@OnEveryTier
class NormGradientSweepTest extends Sweep {
  private static final double BOUND = 3e-6;
  private static final float EPS = 1e-5f;
  private static final float[] ACCUMULATE = {0, 1, -0.5f};
  private static final int[] FEW_ROWS = {1, 2, 9};
  private static final int[] SEVERAL_PARTS = {63, 64, 65, 130};
  private static final int[] WIDTHS = {1, 7, 17, 33};

  @ParameterizedTest
  @EnumSource
  void widths(Placement placement) {
    for (int dim = 1; dim <= MAX_CHANNELS; dim++) {
      for (int rows : FEW_ROWS) {
        check(placement, rows, dim);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void rows(Placement placement) {
    for (int dim : WIDTHS) {
      for (int rows = 1; rows <= MAX_LENGTH; rows++) {
        check(placement, rows, dim);
      }
      for (int rows : SEVERAL_PARTS) {
        check(placement, rows, dim);
      }
    }
  }

  private static void check(Placement placement, int rows, int dim) {
    for (Norm.Kind kind : Norm.Kind.values()) {
      for (float accumulate : ACCUMULATE) {
        check(placement, kind, accumulate, rows, dim);
      }
    }
  }

  private static void check(
      Placement placement, Norm.Kind kind, float accumulate, int rows, int dim) {
    try (Guarded guarded = new Guarded(placement, rows + dim)) {
      Tensor residual = guarded.between(-1.5, 2, rows, dim);
      Tensor weight = guarded.input(dim);
      Tensor outGradient = guarded.input(rows, dim);
      guarded.outputsFollow();
      Tensor gradient = guarded.output(rows, dim);
      Tensor parts = guarded.output(NormGradient.parts(rows), 2, dim);
      NormGradient operation =
          new NormGradient(kind, residual, weight, EPS, outGradient, accumulate, gradient, parts);
      guarded.run(devices, operation);
      String what = "%s of %d x %d, accumulate %s".formatted(kind, rows, dim, accumulate);
      ScalarNorm.Gradients expected = ScalarNorm.gradients(operation, guarded.before(gradient));
      expected.residual().assertClose(gradient.toFloats(), BOUND, what);
      expected.parts().assertClose(parts.toFloats(), BOUND, "parameters, " + what);
    }
  }
}
