package io.panamba.tests.errors;

import static io.panamba.tests.errors.Refusal.f32;
import static io.panamba.tests.errors.Refusal.f64;
import static io.panamba.tests.errors.Refusal.readOnly;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.ActivationGradient;
import io.panamba.runtime.operation.Attention;
import io.panamba.runtime.operation.AttentionGradient;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Linear;
import java.lang.foreign.Arena;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Attention, its gradient and those of activations whose tensors do not fit. */
class AttentionErrorTest {
  private static Columns rows(long... sizes) {
    return Columns.of(f32(sizes));
  }

  private static Columns bf16(long... sizes) {
    return Columns.of(Tensor.allocate(Arena.ofAuto(), DType.BF16, Shape.of(sizes)));
  }

  private static Attention attention(Columns q, Columns k, Columns v, int heads, Columns out) {
    return new Attention(q, k, v, heads, 0.5f, out, null);
  }

  static Stream<Refusal> attentions() {
    Columns q = rows(2, 3, 8);
    Columns out = rows(2, 3, 8);
    Tensor shared = f32(2, 3, 8);
    return Stream.of(
        new Refusal("attention: q is missing", () -> attention(null, q, q, 2, out)),
        new Refusal("attention: k is missing", () -> attention(q, null, q, 2, out)),
        new Refusal("attention: v is missing", () -> attention(q, q, null, 2, out)),
        new Refusal("attention: out is missing", () -> attention(q, q, q, 2, null)),
        new Refusal(
            "attention: q is F32(6, 8); expected F32 or BF16 with 3 axes",
            () -> attention(rows(6, 8), q, q, 2, out)),
        new Refusal(
            "attention: q is empty: F32(2, 0, 8)",
            () -> attention(rows(2, 0, 8), rows(2, 0, 8), rows(2, 0, 8), 2, rows(2, 0, 8))),
        new Refusal(
            "attention: 8 columns are not 3 heads of at most 128 columns",
            () -> attention(q, q, q, 3, out)),
        new Refusal(
            "attention: 8 columns are not 0 heads of at most 128 columns",
            () -> attention(q, q, q, 0, out)),
        new Refusal(
            "attention: 129 columns are not 1 heads of at most 128 columns",
            () -> attention(rows(1, 1, 129), rows(1, 1, 129), rows(1, 1, 129), 1, rows(1, 1, 129))),
        new Refusal(
            "attention: the scale is 0.0; expected a finite number above 0",
            () -> new Attention(q, q, q, 2, 0, out, null)),
        new Refusal(
            "attention: the scale is NaN; expected a finite number above 0",
            () -> new Attention(q, q, q, 2, Float.NaN, out, null)),
        new Refusal(
            "attention: the scale is Infinity; expected a finite number above 0",
            () -> new Attention(q, q, q, 2, Float.POSITIVE_INFINITY, out, null)),
        new Refusal(
            "attention: 3 queries of 2 keys",
            () -> attention(q, rows(2, 2, 8), rows(2, 2, 8), 2, out)),
        new Refusal(
            "attention: k is F32(6, 8); expected F32 or BF16 with 3 axes",
            () -> attention(q, rows(6, 8), q, 2, out)),
        new Refusal(
            "attention: k has 8 columns of F32(1, 3, 8); expected 8 columns of F32(2, 3, ...)",
            () -> attention(q, rows(1, 3, 8), q, 2, out)),
        new Refusal(
            "attention: v has 8 columns of F32(2, 3, 8); expected 8 columns of F32(2, 4, ...)",
            () -> attention(q, rows(2, 4, 8), q, 2, out)),
        new Refusal(
            "attention: out has 8 columns of F32(2, 4, 8); expected 8 columns of F32(2, 3, ...)",
            () -> attention(q, rows(2, 4, 8), rows(2, 4, 8), 2, rows(2, 4, 8))),
        new Refusal(
            "attention: v has 7 columns of F32(2, 3, 7); expected 8 columns of F32(2, 3, ...)",
            () -> attention(q, q, rows(2, 3, 7), 2, out)),
        new Refusal(
            "attention: v has 8 columns of BF16(2, 3, 8); expected 8 columns of F32(2, 3, ...)",
            () -> attention(q, q, bf16(2, 3, 8), 2, out)),
        new Refusal(
            "attention: out has 8 columns of F32(1, 3, 8); expected 8 columns of F32(2, 3, ...)",
            () -> attention(q, q, q, 2, rows(1, 3, 8))),
        new Refusal(
            "attention: out is read-only: F32(2, 3, 8); expected memory that can be written",
            () -> attention(q, q, q, 2, Columns.of(readOnly(2, 3, 8)))),
        new Refusal(
            "attention: out F32(2, 3, 8) shares memory with k F32(2, 3, 8); expected memory of its"
                + " own",
            () -> attention(q, Columns.of(shared), q, 2, Columns.of(shared))),
        new Refusal(
            "attention: statistics is F32(2, 2, 3); expected F32(2, 2, 2, 3)",
            () -> new Attention(q, q, q, 2, 1, out, f32(2, 2, 3))),
        new Refusal(
            "attention: statistics is F32(2, 2, 2, 4); expected F32(2, 2, 2, 3)",
            () -> new Attention(q, rows(2, 4, 8), rows(2, 4, 8), 2, 1, out, f32(2, 2, 2, 4))),
        new Refusal(
            "attention: statistics is read-only: F32(2, 2, 2, 3); expected memory that can be"
                + " written",
            () -> new Attention(q, q, q, 2, 1, out, readOnly(2, 2, 2, 3))),
        new Refusal(
            "attention: the rows of F32(2, 3, 8) are not q, k and v of 2 heads each",
            () -> Attention.of(f32(2, 3, 8), 2, f32(2, 3, 8), null)),
        new Refusal(
            "attention: the rows of F32(2, 3, 24) are not q, k and v of 0 heads each",
            () -> Attention.of(f32(2, 3, 24), 0, f32(2, 3, 8), null)));
  }

  @ParameterizedTest
  @MethodSource("attentions")
  void attention(Refusal refusal) {
    refusal.check();
  }

  static Stream<Refusal> gradients() {
    Attention forward = Attention.of(f32(2, 3, 24), 2, f32(2, 3, 8), f32(2, 2, 2, 3));
    Attention bare = Attention.of(f32(2, 3, 24), 2, f32(2, 3, 8), null);
    Columns low = bf16(2, 3, 8);
    Attention rounded = new Attention(low, low, low, 2, 1, bf16(2, 3, 8), f32(2, 2, 2, 3));
    Columns longer = rows(2, 4, 8);
    Attention fewer =
        new Attention(rows(2, 3, 8), longer, longer, 2, 1, rows(2, 3, 8), f32(2, 2, 2, 3));
    Columns gradient = rows(2, 3, 8);
    Tensor joint = f32(2, 3, 16);
    return Stream.of(
        new Refusal(
            "attention gradient: forward is missing",
            () -> new AttentionGradient(null, gradient, gradient, gradient, gradient)),
        new Refusal(
            "attention gradient: the statistics of the forward pass is missing",
            () -> new AttentionGradient(bare, gradient, gradient, gradient, gradient)),
        new Refusal(
            "attention gradient: q is BF16(2, 3, 8); expected F32",
            () -> new AttentionGradient(rounded, gradient, gradient, gradient, gradient)),
        new Refusal(
            "attention gradient: 3 queries of 4 keys; expected as many of both",
            () -> new AttentionGradient(fewer, gradient, gradient, gradient, gradient)),
        new Refusal(
            "attention gradient: outGradient is missing",
            () -> new AttentionGradient(forward, null, gradient, gradient, gradient)),
        new Refusal(
            "attention gradient: qGradient is missing",
            () -> new AttentionGradient(forward, gradient, null, rows(2, 3, 8), rows(2, 3, 8))),
        new Refusal(
            "attention gradient: kGradient has 7 columns of F32(2, 3, 7); expected 8 columns of"
                + " F32(2, 3, ...)",
            () ->
                new AttentionGradient(
                    forward, gradient, rows(2, 3, 8), rows(2, 3, 7), rows(2, 3, 8))),
        new Refusal(
            "attention gradient: vGradient is read-only: F32(2, 3, 8); expected memory that can be"
                + " written",
            () ->
                new AttentionGradient(
                    forward,
                    gradient,
                    rows(2, 3, 8),
                    rows(2, 3, 8),
                    Columns.of(readOnly(2, 3, 8)))),
        new Refusal(
            "attention gradient: qGradient F32(2, 3, 8) shares memory with outGradient F32(2, 3,"
                + " 8); expected memory of its own",
            () -> new AttentionGradient(forward, gradient, gradient, rows(2, 3, 8), rows(2, 3, 8))),
        new Refusal(
            "attention gradient: qGradient and kGradient share columns of F32(2, 3, 16)",
            () ->
                new AttentionGradient(
                    forward,
                    gradient,
                    new Columns(joint, 0, 8),
                    new Columns(joint, 7, 8),
                    rows(2, 3, 8))));
  }

  @ParameterizedTest
  @MethodSource("gradients")
  void gradient(Refusal refusal) {
    refusal.check();
  }

  static Stream<Refusal> activations() {
    Columns x = rows(2, 3);
    Columns gradient = rows(2, 3);
    Linear.Activation gelu = Linear.Activation.GELU;
    return Stream.of(
        new Refusal(
            "activation gradient: activation is missing",
            () -> new ActivationGradient(null, x, gradient, gradient)),
        new Refusal(
            "activation gradient: NONE has no gradient of its own",
            () -> new ActivationGradient(Linear.Activation.NONE, x, gradient, gradient)),
        new Refusal(
            "activation gradient: x is missing",
            () -> new ActivationGradient(gelu, null, gradient, gradient)),
        new Refusal(
            "activation gradient: outGradient is missing",
            () -> new ActivationGradient(gelu, x, null, gradient)),
        new Refusal(
            "activation gradient: xGradient is missing",
            () -> new ActivationGradient(gelu, x, gradient, null)),
        new Refusal(
            "activation gradient: x is BF16(2, 3); expected F32",
            () -> new ActivationGradient(gelu, bf16(2, 3), gradient, gradient)),
        new Refusal(
            "activation gradient: x F32(0, 3) has no rows",
            () -> new ActivationGradient(gelu, rows(0, 3), rows(0, 3), rows(0, 3))),
        new Refusal(
            "activation gradient: x has 2 rows of 3, outGradient 3 of 3",
            () -> new ActivationGradient(gelu, x, rows(3, 3), gradient)),
        new Refusal(
            "activation gradient: x has 2 rows of 3, xGradient 2 of 4",
            () -> new ActivationGradient(gelu, x, gradient, rows(2, 4))),
        new Refusal(
            "activation gradient: xGradient is read-only: F32(2, 3); expected memory that can be"
                + " written",
            () -> new ActivationGradient(gelu, x, gradient, Columns.of(readOnly(2, 3)))),
        new Refusal(
            "activation gradient: xGradient F32(2, 3) shares memory with x F32(2, 3); expected"
                + " memory of its own",
            () -> new ActivationGradient(gelu, x, gradient, x)),
        new Refusal(
            "activation gradient: xGradient F32(2, 4) shares memory with outGradient F32(2, 4);"
                + " expected memory of its own",
            () -> {
              Tensor both = f32(2, 4);
              return new ActivationGradient(
                  gelu, x, new Columns(both, 0, 3), new Columns(both, 1, 3));
            }),
        new Refusal(
            "columns: F64(2, 3) is not a float32 or bfloat16 tensor with columns",
            () -> new ActivationGradient(gelu, Columns.of(f64(2, 3)), gradient, gradient)));
  }

  @ParameterizedTest
  @MethodSource("activations")
  void activation(Refusal refusal) {
    refusal.check();
  }
}
