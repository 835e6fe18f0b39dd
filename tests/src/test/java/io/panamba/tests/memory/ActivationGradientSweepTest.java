package io.panamba.tests.memory;

import io.panamba.runtime.operation.ActivationGradient;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.oracle.Floats;
import io.panamba.runtime.oracle.ScalarFunctions;
import io.panamba.runtime.oracle.Values;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Gradients of activations of every tail, of wider rows' columns, elsewhere and in place. */
@OnEveryTier
class ActivationGradientSweepTest extends Sweep {
  private static final double BOUND = 1e-6;
  private static final double RANGE = 9;
  private static final Linear.Activation[] ACTIVATIONS = {
    Linear.Activation.SILU, Linear.Activation.GELU
  };

  @ParameterizedTest
  @EnumSource
  void widths(Placement placement) {
    for (int columns = 1; columns <= MAX_CHANNELS; columns++) {
      for (Linear.Activation activation : ACTIVATIONS) {
        check(placement, activation, 1 + columns % 3, columns, 0);
        check(placement, activation, 1 + columns % 3, columns, 1 + columns % 3);
        checkInPlace(placement, activation, 1 + columns % 3, columns);
      }
    }
  }

  private static void check(
      Placement placement, Linear.Activation activation, int rows, int columns, int margin) {
    try (Guarded guarded = new Guarded(placement, rows + columns)) {
      Columns x =
          new Columns(guarded.between(-RANGE, RANGE, rows, margin + columns), margin, columns);
      Columns outGradient = new Columns(guarded.input(rows, columns + margin), 0, columns);
      guarded.outputsFollow();
      Columns out = new Columns(guarded.output(rows, margin + columns), margin, columns);
      guarded.run(devices, new ActivationGradient(activation, x, outGradient, out));
      assertClose(activation, Floats.of(x), Floats.of(outGradient), out);
      guarded.assertOthersUntouched(out);
    }
  }

  private static void checkInPlace(
      Placement placement, Linear.Activation activation, int rows, int columns) {
    try (Guarded guarded = new Guarded(placement, rows + columns)) {
      Columns x = Columns.of(guarded.between(-RANGE, RANGE, rows, columns));
      guarded.outputsFollow();
      Columns gradient = Columns.of(guarded.output(rows, columns));
      guarded.run(devices, new ActivationGradient(activation, x, gradient, gradient));
      assertClose(activation, Floats.of(x), guarded.before(gradient.tensor()), gradient);
    }
  }

  private static void assertClose(
      Linear.Activation activation, float[] x, float[] outGradient, Columns actual) {
    Values expected = new Values(x.length);
    for (int i = 0; i < x.length; i++) {
      double v = x[i];
      if (activation == Linear.Activation.SILU) {
        double sigmoid = ScalarFunctions.sigmoid(v);
        expected.add(
            i,
            outGradient[i] * sigmoid * (1 + v * (1 - sigmoid)),
            outGradient[i] * sigmoid * (1 + Math.abs(v)));
      } else {
        double phi = ScalarFunctions.normalDistribution(v);
        double bell = v * ScalarFunctions.normalDensity(v);
        // The exponent's rounding grows with the square.
        expected.add(
            i,
            outGradient[i] * (phi + bell),
            outGradient[i] * (phi + Math.abs(bell)) * (1 + v * v));
      }
    }
    expected.assertClose(
        Floats.of(actual), BOUND, "%s of %d columns".formatted(activation, actual.count()));
  }
}
