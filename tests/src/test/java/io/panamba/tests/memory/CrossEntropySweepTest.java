package io.panamba.tests.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.CrossEntropy;
import io.panamba.runtime.oracle.ScalarCrossEntropy;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Losses of every number of classes, with and without their gradient. */
@OnEveryTier
class CrossEntropySweepTest extends Sweep {
  private static final double BOUND = 2e-6;
  private static final double RANGE = 10;

  /** What rounding a difference of logits does to its exponential. */
  private static final double DIFFERENCE_BOUND = RANGE * 0x1p-22;

  private static final float[] SMOOTHING = {0, 0.1f, 0.5f, 1};
  private static final int[] BATCHES = {1, 3};
  private static final int[] MANY_CLASSES = {100, 1000};

  @ParameterizedTest
  @EnumSource
  void classes(Placement placement) {
    for (int batch : BATCHES) {
      for (int classes = 1; classes <= MAX_CHANNELS; classes++) {
        check(placement, batch, classes);
      }
      for (int classes : MANY_CLASSES) {
        check(placement, batch, classes);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void batches(Placement placement) {
    for (int batch = 1; batch <= MAX_LENGTH; batch++) {
      check(placement, batch, 10);
    }
  }

  private static void check(Placement placement, int batch, int classes) {
    for (float smoothing : SMOOTHING) {
      check(placement, batch, classes, smoothing, true);
      check(placement, batch, classes, smoothing, false);
    }
  }

  private static void check(
      Placement placement, int batch, int classes, float smoothing, boolean wanted) {
    int[] labels = new int[batch];
    Arrays.setAll(labels, i -> (classes - 1 + 3 * i) % classes);
    try (Guarded guarded = new Guarded(placement, batch + classes)) {
      Tensor logits = guarded.between(-RANGE, RANGE, batch, classes);
      Tensor classesOf = guarded.labels(labels);
      guarded.outputsFollow();
      Tensor losses = guarded.output(batch);
      Tensor gradient = wanted ? guarded.output(batch, classes) : null;
      CrossEntropy operation =
          new CrossEntropy(logits, classesOf, smoothing, 1f / batch, losses, gradient);
      guarded.run(devices, operation);
      String what = "%d x %d, smoothing %s".formatted(batch, classes, smoothing);
      ScalarCrossEntropy expected = ScalarCrossEntropy.of(operation);
      expected.losses().assertClose(losses.toFloats(), BOUND, "losses, " + what);
      if (wanted) {
        expected.gradient().assertClose(gradient.toFloats(), BOUND + DIFFERENCE_BOUND, what);
      }
    }
  }

  /** Labels that are no classes are not looked up. */
  @ParameterizedTest
  @EnumSource
  void unknownLabels(Placement placement) {
    int[] labels = {-2, 7, Integer.MIN_VALUE, Integer.MAX_VALUE};
    try (Guarded guarded = new Guarded(placement, 1)) {
      Tensor logits = guarded.input(labels.length, 7);
      Tensor classesOf = guarded.labels(labels);
      guarded.outputsFollow();
      Tensor losses = guarded.output(labels.length);
      Tensor gradient = guarded.output(labels.length, 7);
      guarded.run(devices, new CrossEntropy(logits, classesOf, 0.1f, 1, losses, gradient));
      assertThat(losses.toFloats()).containsOnly(Float.NaN);
      assertThat(gradient.toFloats()).containsOnly(0);
    }
  }

  /** A row without a label has no loss and no gradient. */
  @ParameterizedTest
  @EnumSource
  void noLabel(Placement placement) {
    try (Guarded guarded = new Guarded(placement, 1)) {
      Tensor logits = guarded.between(-RANGE, RANGE, 2, 7);
      Tensor classesOf = guarded.labels(new int[] {CrossEntropy.NO_LABEL, 3});
      guarded.outputsFollow();
      Tensor losses = guarded.output(2);
      Tensor gradient = guarded.output(2, 7);
      guarded.run(devices, new CrossEntropy(logits, classesOf, 0.1f, 1, losses, gradient));
      assertThat(losses.toFloats()[0]).isZero();
      assertThat(losses.toFloats()[1]).isPositive();
      assertThat(Arrays.copyOf(gradient.toFloats(), 7)).containsOnly(0);
      assertThat(gradient.toFloats()[7 + 3]).isNegative();
    }
  }
}
