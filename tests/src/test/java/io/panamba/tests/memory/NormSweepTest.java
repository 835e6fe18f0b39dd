package io.panamba.tests.memory;

import io.panamba.runtime.DType;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Norm;
import io.panamba.runtime.oracle.Floats;
import io.panamba.runtime.oracle.ScalarNorm;
import io.panamba.runtime.oracle.Values;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Norms of every tail and number of rows, with and without the residual add and activations. */
@OnEveryTier
class NormSweepTest extends Sweep {
  private static final double BOUND = 1e-6;
  private static final float EPS = 1e-5f;
  private static final float SCALE = 2;
  private static final int[] FEW_ROWS = {1, 2, 9};
  private static final int[] WIDTHS = {1, 16, 37};

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
    for (int rows = 1; rows <= MAX_LENGTH; rows++) {
      for (int dim : WIDTHS) {
        check(placement, rows, dim);
      }
    }
  }

  private static void check(Placement placement, int rows, int dim) {
    for (Norm.Kind kind : Norm.Kind.values()) {
      checkAdded(placement, kind, rows, dim);
      checkAlone(placement, kind, rows, dim);
    }
  }

  private static void checkAdded(Placement placement, Norm.Kind kind, int rows, int dim) {
    try (Guarded guarded = new Guarded(placement, rows + dim)) {
      Tensor addend = guarded.input(rows, dim);
      Tensor weight = guarded.input(dim);
      Tensor bias = guarded.perhaps(dim % 2 == 0, dim);
      guarded.outputsFollow();
      Tensor residual = guarded.output(rows, dim);
      Tensor out = guarded.output(rows, dim);
      Norm norm = new Norm(kind, residual, addend, SCALE, weight, bias, EPS, out);
      guarded.run(devices, norm);
      String what = "%s of %d x %d".formatted(kind, rows, dim);
      Values sum = new Values(rows * dim);
      for (int i = 0; i < sum.count(); i++) {
        sum.add(i, (double) SCALE * guarded.before(residual)[i]);
        sum.add(i, addend.toFloats()[i]);
      }
      sum.assertClose(residual.toFloats(), 0x1p-24, "residual, " + what);
      ScalarNorm.out(norm, residual.toFloats()).assertClose(out.toFloats(), BOUND, what);
    }
  }

  private static void checkAlone(Placement placement, Norm.Kind kind, int rows, int dim) {
    try (Guarded guarded = new Guarded(placement, rows + dim)) {
      Tensor input = guarded.input(rows, dim);
      Tensor weight = guarded.input(dim);
      Tensor bias = guarded.perhaps(dim % 2 == 1, dim);
      guarded.outputsFollow();
      DType dtype = (rows / 2 + dim) % 2 == 0 ? DType.F32 : DType.BF16;
      Linear.Activation activation = ACTIVATIONS[(rows + dim) % 3];
      Tensor out = guarded.output(dtype, rows, dim);
      Norm norm = new Norm(kind, input, null, 1, weight, bias, EPS, activation, out);
      guarded.run(devices, norm);
      ScalarNorm.out(norm, input.toFloats())
          .assertClose(
              Floats.of(out),
              dtype,
              BOUND,
              "%s of %d x %d alone, %s".formatted(kind, rows, dim, activation));
    }
  }
}
