package io.panamba.tests.memory;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.AdamW;
import io.panamba.runtime.oracle.Values;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Steps of AdamW of every tail, with and without the average, the clip and the decay. */
@OnEveryTier
class AdamWSweepTest extends Sweep {
  private static final double BOUND = 1e-6;
  private static final float LEARNING_RATE = 0.02f;
  private static final float FIRST_CORRECTION = 0.3f;
  private static final float SECOND_CORRECTION = 0.06f;
  private static final float AVERAGE_DECAY = 0.95f;

  @ParameterizedTest
  @EnumSource
  void counts(Placement placement) {
    for (int count = 1; count <= MAX_CHANNELS; count++) {
      check(placement, count);
    }
  }

  /** Around the number of elements by which threads divide parameters. */
  @ParameterizedTest
  @ValueSource(ints = {8191, 8192, 8193, 20000})
  void manyParameters(int count) {
    for (Placement placement : Placement.values()) {
      check(placement, count);
    }
  }

  private static void check(Placement placement, int count) {
    for (int variant = 0; variant < 8; variant++) {
      check(placement, count, (variant & 1) != 0, (variant & 2) != 0, (variant & 4) != 0);
    }
  }

  private static void check(
      Placement placement, int count, boolean averaged, boolean clipped, boolean decayed) {
    AdamW.Settings settings = new AdamW.Settings(0.9f, 0.999f, 1e-8f, decayed ? 0.05f : 0);
    try (Guarded guarded = new Guarded(placement, count)) {
      Tensor gradient = guarded.input(count);
      Tensor rates =
          guarded.numbers(LEARNING_RATE, FIRST_CORRECTION, SECOND_CORRECTION, AVERAGE_DECAY);
      Tensor clip = clipped ? guarded.numbers(7, 0.4f) : null;
      guarded.outputsFollow();
      AdamW operation =
          new AdamW(
              guarded.output(count),
              gradient,
              guarded.output(count),
              guarded.outputBetween(0, 1, count),
              averaged ? guarded.output(count) : null,
              rates,
              clip,
              settings);
      guarded.run(devices, operation);
      assertClose(
          operation,
          guarded,
          "%d, average %s, clip %s, decay %s".formatted(count, averaged, clipped, decayed));
    }
  }

  private static void assertClose(AdamW operation, Guarded guarded, String what) {
    float[] gradient = operation.gradient().toFloats();
    float[] parameters = guarded.before(operation.parameters());
    float[] first = guarded.before(operation.firstMoment());
    float[] second = guarded.before(operation.secondMoment());
    double beta1 = operation.settings().beta1();
    double beta2 = operation.settings().beta2();
    double factor = operation.clip() == null ? 1 : operation.clip().toFloats()[1];
    Values m = new Values(gradient.length);
    Values v = new Values(gradient.length);
    Values p = new Values(gradient.length);
    for (int i = 0; i < gradient.length; i++) {
      double g = factor * gradient[i];
      // A beta is 1 minus a small number, which is rounded as the beta is.
      m.add(i, beta1 * first[i] + (1 - beta1) * g, Math.abs(first[i]) + Math.abs(g));
      v.add(i, beta2 * second[i] + (1 - beta2) * g * g, second[i] + g * g);
      p.add(i, parameters[i] * (1 - (double) LEARNING_RATE * operation.settings().weightDecay()));
      double change =
          (double) LEARNING_RATE
              / FIRST_CORRECTION
              * m.value(i)
              / (Math.sqrt(v.value(i)) / SECOND_CORRECTION + operation.settings().eps());
      // Beside its own rounding, the change has that of the first moment.
      double handedOn = m.magnitude(i) / Math.abs(m.value(i));
      p.add(i, -change, change * (1 + handedOn));
    }
    m.assertClose(operation.firstMoment().toFloats(), BOUND, "first moment, " + what);
    v.assertClose(operation.secondMoment().toFloats(), BOUND, "second moment, " + what);
    p.assertClose(operation.parameters().toFloats(), BOUND, what);
    if (operation.average() != null) {
      float[] old = guarded.before(operation.average());
      Values average = new Values(old.length);
      for (int i = 0; i < old.length; i++) {
        double rest = 1 - (double) AVERAGE_DECAY;
        average.add(i, (double) AVERAGE_DECAY * old[i], old[i]);
        average.add(i, rest * p.value(i), p.magnitude(i) + Math.abs(p.value(i)));
      }
      average.assertClose(operation.average().toFloats(), BOUND, "average, " + what);
    }
  }
}
