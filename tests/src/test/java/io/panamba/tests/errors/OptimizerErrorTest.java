package io.panamba.tests.errors;

import static io.panamba.tests.errors.Refusal.f32;
import static io.panamba.tests.errors.Refusal.f64;
import static io.panamba.tests.errors.Refusal.i32;
import static io.panamba.tests.errors.Refusal.readOnly;

import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.AdamW;
import io.panamba.runtime.operation.Clip;
import io.panamba.runtime.operation.CrossEntropy;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.Squares;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Losses, norms of gradients and steps of AdamW whose tensors do not fit each other. */
class OptimizerErrorTest {
  private static Operation entropy(Tensor logits, Tensor labels, Tensor losses, Tensor gradient) {
    return new CrossEntropy(logits, labels, 0, 1, losses, gradient);
  }

  private static Refusal smoothing(float smoothing) {
    return new Refusal(
        "cross entropy: smoothing is %s; expected 0 to 1".formatted(smoothing),
        () -> new CrossEntropy(f32(2, 3), i32(2), smoothing, 1, f32(2), null));
  }

  static Stream<Refusal> losses() {
    Tensor logits = f32(2, 3);
    Tensor one = f32(2, 1);
    return Stream.of(
        new Refusal(
            "cross entropy: logits is null; expected F32 with 2 axes",
            () -> entropy(null, i32(2), f32(2), null)),
        new Refusal(
            "cross entropy: logits is F32(6); expected F32 with 2 axes",
            () -> entropy(f32(6), i32(2), f32(2), null)),
        new Refusal(
            "cross entropy: logits is F64(2, 3); expected F32 with 2 axes",
            () -> entropy(f64(2, 3), i32(2), f32(2), null)),
        new Refusal(
            "cross entropy: logits is empty: F32(2, 0)",
            () -> entropy(f32(2, 0), i32(2), f32(2), null)),
        new Refusal(
            "cross entropy: labels is missing; expected I32(2)",
            () -> entropy(logits, null, f32(2), null)),
        new Refusal(
            "cross entropy: labels is F32(2); expected I32(2)",
            () -> entropy(logits, f32(2), f32(2), null)),
        new Refusal(
            "cross entropy: labels is I32(3); expected I32(2)",
            () -> entropy(logits, i32(3), f32(2), null)),
        new Refusal(
            "cross entropy: losses is missing; expected F32(2)",
            () -> entropy(logits, i32(2), null, null)),
        new Refusal(
            "cross entropy: losses is F32(2, 1); expected F32(2)",
            () -> entropy(logits, i32(2), f32(2, 1), null)),
        new Refusal(
            "cross entropy: losses is read-only: F32(2); expected memory that can be written",
            () -> entropy(logits, i32(2), readOnly(2), null)),
        new Refusal(
            "cross entropy: losses F32(2) shares memory with logits F32(2, 1); expected memory of"
                + " its own",
            () -> entropy(one, i32(2), one.reshape(Shape.of(2)), null)),
        new Refusal(
            "cross entropy: logitsGradient is F32(3, 2); expected F32(2, 3)",
            () -> entropy(logits, i32(2), f32(2), f32(3, 2))),
        new Refusal(
            "cross entropy: logitsGradient is read-only: F32(2, 3); expected memory that can be"
                + " written",
            () -> entropy(logits, i32(2), f32(2), readOnly(2, 3))),
        new Refusal(
            "cross entropy: logitsGradient F32(2, 3) shares memory with logits F32(2, 3); expected"
                + " memory of its own",
            () -> entropy(logits, i32(2), f32(2), logits)),
        smoothing(-0.1f),
        smoothing(1.1f),
        smoothing(Float.NaN));
  }

  @ParameterizedTest
  @MethodSource("losses")
  void crossEntropy(Refusal refusal) {
    refusal.check();
  }

  private static Refusal limit(float limit) {
    return new Refusal(
        "clip: the limit is %s; expected more than 0".formatted(limit),
        () -> new Clip(f32(3), limit, f32(2)));
  }

  static Stream<Refusal> norms() {
    Tensor two = f32(2);
    Tensor one = f32(1);
    return Stream.of(
        new Refusal("squares: x is missing", () -> new Squares(null, one)),
        new Refusal("squares: x is F64(5); expected F32", () -> new Squares(f64(5), one)),
        new Refusal("squares: x is empty: F32(3, 0)", () -> new Squares(f32(3, 0), f32(0))),
        new Refusal(
            "squares: parts is missing; expected F32(2)",
            () -> new Squares(f32(Squares.PART + 1), null)),
        new Refusal(
            "squares: parts is F32(1); expected F32(2)",
            () -> new Squares(f32(Squares.PART + 1), one)),
        new Refusal(
            "squares: parts is read-only: F32(1); expected memory that can be written",
            () -> new Squares(f32(5), readOnly(1))),
        new Refusal(
            "squares: parts F32(1) shares memory with x F32(1); expected memory of its own",
            () -> new Squares(one, one)),
        new Refusal("clip: parts is missing", () -> new Clip(null, 1, two)),
        new Refusal("clip: parts is F64(3); expected F32", () -> new Clip(f64(3), 1, two)),
        new Refusal("clip: parts are empty: F32(0)", () -> new Clip(f32(0), 1, two)),
        new Refusal("clip: result is missing; expected F32(2)", () -> new Clip(f32(3), 1, null)),
        new Refusal("clip: result is F32(1); expected F32(2)", () -> new Clip(f32(3), 1, one)),
        new Refusal(
            "clip: result is read-only: F32(2); expected memory that can be written",
            () -> new Clip(f32(3), 1, readOnly(2))),
        new Refusal(
            "clip: result F32(2) shares memory with parts F32(2); expected memory of its own",
            () -> new Clip(two, 1, two)),
        limit(0),
        limit(-1),
        limit(Float.NaN));
  }

  @ParameterizedTest
  @MethodSource("norms")
  void norm(Refusal refusal) {
    refusal.check();
  }

  /** A valid step of six parameters, to be changed one by one. */
  private static final class Step {
    private Tensor parameters = f32(2, 3);
    private Tensor gradient = f32(6);
    private Tensor first = f32(2, 3);
    private Tensor second = f32(6);
    private Tensor average;
    private Tensor rates = f32(4);
    private Tensor clip;
    private AdamW.Settings settings = new AdamW.Settings(0.9f, 0.999f, 1e-8f, 0.05f);

    Operation build() {
      return new AdamW(parameters, gradient, first, second, average, rates, clip, settings);
    }
  }

  private static Refusal step(String message, Consumer<Step> change) {
    return new Refusal(
        "adamw: " + message,
        () -> {
          Step step = new Step();
          change.accept(step);
          return step.build();
        });
  }

  private static Refusal settings(float beta1, float beta2, float eps, float weightDecay) {
    AdamW.Settings settings = new AdamW.Settings(beta1, beta2, eps, weightDecay);
    return step(
        settings + " are out of range: betas from 0 to 1, the others not negative",
        s -> s.settings = settings);
  }

  static Stream<Refusal> steps() {
    return Stream.of(
        step("parameters is missing", s -> s.parameters = null),
        step("parameters is F64(6); expected F32", s -> s.parameters = f64(6)),
        step("no parameters: F32(0)", s -> s.parameters = f32(0)),
        step(
            "parameters is read-only: F32(6); expected memory that can be written",
            s -> s.parameters = readOnly(6)),
        step("gradient is missing", s -> s.gradient = null),
        step("gradient is F64(6); expected F32", s -> s.gradient = f64(6)),
        step("gradient is F32(5); expected 6 elements", s -> s.gradient = f32(5)),
        step("firstMoment is missing", s -> s.first = null),
        step("firstMoment is F32(7); expected 6 elements", s -> s.first = f32(7)),
        step(
            "firstMoment is read-only: F32(6); expected memory that can be written",
            s -> s.first = readOnly(6)),
        step("secondMoment is missing", s -> s.second = null),
        step("secondMoment is F32(7); expected 6 elements", s -> s.second = f32(7)),
        step(
            "secondMoment is read-only: F32(6); expected memory that can be written",
            s -> s.second = readOnly(6)),
        step("average is F32(1); expected 6 elements", s -> s.average = f32(1)),
        step("average is F64(6); expected F32", s -> s.average = f64(6)),
        step(
            "average is read-only: F32(6); expected memory that can be written",
            s -> s.average = readOnly(6)),
        step("rates is missing; expected F32(4)", s -> s.rates = null),
        step("rates is F32(3); expected F32(4)", s -> s.rates = f32(3)),
        step("clip is F32(1); expected F32(2)", s -> s.clip = f32(1)),
        step("settings is missing", s -> s.settings = null),
        settings(-0.1f, 0.999f, 0, 0),
        settings(1.1f, 0.999f, 0, 0),
        settings(Float.NaN, 0.999f, 0, 0),
        settings(0.9f, -0.1f, 0, 0),
        settings(0.9f, 1.1f, 0, 0),
        settings(0.9f, Float.NaN, 0, 0),
        settings(0.9f, 0.999f, -1, 0),
        settings(0.9f, 0.999f, Float.NaN, 0),
        settings(0.9f, 0.999f, 0, -1),
        settings(0.9f, 0.999f, 0, Float.NaN));
  }

  @ParameterizedTest
  @MethodSource("steps")
  void adamW(Refusal refusal) {
    refusal.check();
  }
}
