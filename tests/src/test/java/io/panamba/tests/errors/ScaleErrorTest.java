package io.panamba.tests.errors;

import static io.panamba.tests.errors.Refusal.f32;
import static io.panamba.tests.errors.Refusal.f64;
import static io.panamba.tests.errors.Refusal.readOnly;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.Scale;
import io.panamba.runtime.operation.ScaleGradient;
import java.lang.foreign.Arena;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Scales of channels and images, and their gradients, whose tensors do not fit. */
class ScaleErrorTest {
  private static Columns rows(long... sizes) {
    return Columns.of(f32(sizes));
  }

  private static Columns bf16(long... sizes) {
    return Columns.of(Tensor.allocate(Arena.ofAuto(), DType.BF16, Shape.of(sizes)));
  }

  static Stream<Refusal> scales() {
    Columns x = rows(2, 3, 4);
    Columns out = rows(2, 3, 4);
    Tensor channel = f32(4);
    Tensor image = f32(2);
    Tensor both = f32(2, 3, 5);
    Tensor one = f32(1, 1, 4);
    return Stream.of(
        new Refusal("scale: x is missing", () -> new Scale(null, channel, image, out)),
        new Refusal(
            "scale: x is BF16(2, 3, 4); expected F32",
            () -> new Scale(bf16(2, 3, 4), channel, image, out)),
        new Refusal(
            "scale: x is F32(6, 4); expected F32 with 3 axes",
            () -> new Scale(rows(6, 4), channel, image, out)),
        new Refusal(
            "scale: x is empty: F32(2, 0, 4)",
            () -> new Scale(rows(2, 0, 4), channel, image, rows(2, 0, 4))),
        new Refusal("scale: neither channel nor image", () -> new Scale(x, null, null, out)),
        new Refusal(
            "scale: channel is F32(3); expected F32(4)", () -> new Scale(x, f32(3), image, out)),
        new Refusal(
            "scale: channel is F64(4); expected F32(4)", () -> new Scale(x, f64(4), null, out)),
        new Refusal(
            "scale: image is F32(3); expected F32(2)", () -> new Scale(x, channel, f32(3), out)),
        new Refusal("scale: out is missing", () -> new Scale(x, channel, image, null)),
        new Refusal(
            "scale: out has 4 columns of F32(3, 2, 4); expected 4 columns of F32(2, 3, ...)",
            () -> new Scale(x, channel, image, rows(3, 2, 4))),
        new Refusal(
            "scale: out has 4 columns of BF16(2, 3, 4); expected 4 columns of F32(2, 3, ...)",
            () -> new Scale(x, channel, image, bf16(2, 3, 4))),
        new Refusal(
            "scale: out is read-only: F32(2, 3, 4); expected memory that can be written",
            () -> new Scale(x, channel, image, Columns.of(readOnly(2, 3, 4)))),
        new Refusal(
            "scale: out F32(2, 3, 5) shares memory with x F32(2, 3, 5); expected memory of its own",
            () -> new Scale(new Columns(both, 0, 4), channel, image, new Columns(both, 1, 4))),
        new Refusal(
            "scale: out F32(1, 1, 4) shares memory with channel F32(4); expected memory of its own",
            () -> new Scale(rows(1, 1, 4), one.reshape(Shape.of(4)), null, Columns.of(one))),
        new Refusal(
            "scale: out F32(2, 1, 1) shares memory with image F32(2); expected memory of its own",
            () ->
                new Scale(
                    rows(2, 1, 1), null, image, Columns.of(image.reshape(Shape.of(2, 1, 1))))));
  }

  @ParameterizedTest
  @MethodSource("scales")
  void scale(Refusal refusal) {
    refusal.check();
  }

  /** Valid tensors of a gradient of (2, 33, 4), to be exchanged one by one. */
  private static final class Gradient {
    private Columns x = rows(2, 33, 4);
    private Tensor channel = f32(4);
    private Tensor image = f32(2);
    private Columns outGradient = rows(2, 33, 4);
    private Columns xGradient = rows(2, 33, 4);
    private Tensor parts = f32(2, 4);

    Operation build() {
      return new ScaleGradient(x, channel, image, outGradient, xGradient, parts);
    }
  }

  private static Refusal gradient(String message, Consumer<Gradient> change) {
    return new Refusal(
        "scale gradient: " + message,
        () -> {
          Gradient gradient = new Gradient();
          change.accept(gradient);
          return gradient.build();
        });
  }

  static Stream<Refusal> gradients() {
    return Stream.of(
        gradient("outGradient is missing", g -> g.outGradient = null),
        gradient(
            "outGradient is BF16(2, 33, 4); expected F32", g -> g.outGradient = bf16(2, 33, 4)),
        gradient(
            "outGradient is F32(66, 4); expected F32 with 3 axes",
            g -> g.outGradient = rows(66, 4)),
        gradient("outGradient is empty: F32(0, 33, 4)", g -> g.outGradient = rows(0, 33, 4)),
        gradient(
            "neither channel nor image",
            g -> {
              g.channel = null;
              g.image = null;
            }),
        gradient("channel is F32(5); expected F32(4)", g -> g.channel = f32(5)),
        gradient("image is F32(33); expected F32(2)", g -> g.image = f32(33)),
        gradient("xGradient is missing", g -> g.xGradient = null),
        gradient(
            "xGradient has 3 columns of F32(2, 33, 3); expected 4 columns of F32(2, 33, ...)",
            g -> g.xGradient = rows(2, 33, 3)),
        gradient(
            "xGradient is read-only: F32(2, 33, 4); expected memory that can be written",
            g -> g.xGradient = Columns.of(readOnly(2, 33, 4))),
        gradient(
            "xGradient F32(2, 33, 5) shares memory with outGradient F32(2, 33, 5); expected memory"
                + " of its own",
            g -> {
              Tensor both = f32(2, 33, 5);
              g.outGradient = new Columns(both, 0, 4);
              g.xGradient = new Columns(both, 1, 4);
            }),
        gradient(
            "xGradient F32(2, 33, 4) shares memory with x F32(2, 33, 4); expected memory of its"
                + " own",
            g -> g.xGradient = g.x),
        gradient("x is missing", g -> g.x = null),
        gradient(
            "x has 4 columns of F32(33, 2, 4); expected 4 columns of F32(2, 33, ...)",
            g -> g.x = rows(33, 2, 4)),
        gradient("parameterParts is missing; expected F32(2, 4)", g -> g.parts = null),
        gradient("parameterParts is F32(1, 4); expected F32(2, 4)", g -> g.parts = f32(1, 4)),
        gradient(
            "parameterParts is read-only: F32(2, 4); expected memory that can be written",
            g -> g.parts = readOnly(2, 4)),
        gradient("x and parameterParts come with channel, which is missing", g -> g.channel = null),
        gradient(
            "x and parameterParts come with channel, which is missing",
            g -> {
              g.channel = null;
              g.x = null;
            }));
  }

  @ParameterizedTest
  @MethodSource("gradients")
  void gradient(Refusal refusal) {
    refusal.check();
  }
}
