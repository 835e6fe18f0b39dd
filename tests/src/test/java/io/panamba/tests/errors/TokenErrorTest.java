package io.panamba.tests.errors;

import static io.panamba.tests.errors.Refusal.f32;
import static io.panamba.tests.errors.Refusal.f64;
import static io.panamba.tests.errors.Refusal.readOnly;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Norm;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.Pool;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Norms and pooling whose tensors do not fit each other. */
class TokenErrorTest {
  private static Operation norm(Tensor residual, Tensor addend, Tensor weight, Tensor out) {
    return new Norm(Norm.Kind.RMS, residual, addend, 1, weight, null, 1e-5f, out);
  }

  static Stream<Refusal> norms() {
    return Stream.of(
        new Refusal(
            "norm: residual is F64(5, 4); expected F32(..., dim)",
            () -> norm(f64(5, 4), null, f32(4), f32(5, 4))),
        new Refusal(
            "norm: residual is F32(0, 4); expected F32(..., dim)",
            () -> norm(f32(0, 4), null, f32(4), f32(0, 4))),
        new Refusal("norm: residual is missing", () -> norm(null, null, f32(4), f32(5, 4))),
        new Refusal(
            "norm: weight is F32(5); expected F32(4)",
            () -> norm(f32(5, 4), null, f32(5), f32(5, 4))),
        new Refusal(
            "norm: weight is missing; expected F32(4)",
            () -> norm(f32(5, 4), null, null, f32(5, 4))),
        new Refusal(
            "norm: addend is F32(4, 4); expected F32(5, 4)",
            () -> norm(f32(5, 4), f32(4, 4), f32(4), f32(5, 4))),
        new Refusal(
            "norm: out is F32(20); expected F32(5, 4) or BF16(5, 4)",
            () -> norm(f32(5, 4), null, f32(4), f32(20))),
        new Refusal(
            "norm: out is read-only: F32(5, 4); expected memory that can be written",
            () -> norm(f32(5, 4), null, f32(4), readOnly(5, 4))),
        new Refusal(
            "norm: residual is read-only: F32(5, 4); expected memory that can be written",
            () -> norm(readOnly(5, 4), f32(5, 4), f32(4), f32(5, 4))),
        new Refusal(
            "norm: bias is F32(5); expected F32(4)",
            () -> Norm.of(Norm.Kind.LAYER, f32(5, 4), f32(4), f32(5), 0, f32(5, 4))),
        new Refusal(
            "norm: eps NaN is negative",
            () -> Norm.of(Norm.Kind.LAYER, f32(5, 4), f32(4), null, Float.NaN, f32(5, 4))),
        new Refusal(
            "norm: eps -1.0 is negative",
            () -> Norm.of(Norm.Kind.LAYER, f32(5, 4), f32(4), null, -1, f32(5, 4))),
        new Refusal(
            "norm: kind is missing", () -> Norm.of(null, f32(5, 4), f32(4), null, 0, f32(5, 4))),
        new Refusal(
            "norm: activation is missing",
            () -> new Norm(Norm.Kind.RMS, f32(5, 4), null, 1, f32(4), null, 0, null, f32(5, 4))));
  }

  @ParameterizedTest
  @MethodSource("norms")
  void norm(Refusal refusal) {
    refusal.check();
  }

  private static Operation pool(long first, long count, long step) {
    return new Pool(Pool.Kind.MEAN, f32(2, 7, 4), first, count, step, f32(2, 4));
  }

  static Stream<Refusal> pools() {
    return Stream.of(
        new Refusal(
            "pool: 8 tokens from 0 with step 1 do not fit F32(2, 7, 4)", () -> pool(0, 8, 1)),
        new Refusal(
            "pool: 1 tokens from 7 with step 1 do not fit F32(2, 7, 4)", () -> pool(7, 1, 1)),
        new Refusal(
            "pool: 1 tokens from -1 with step 1 do not fit F32(2, 7, 4)", () -> pool(-1, 1, 1)),
        new Refusal(
            "pool: 0 tokens from 0 with step 1 do not fit F32(2, 7, 4)", () -> pool(0, 0, 1)),
        new Refusal(
            "pool: 2 tokens from 0 with step 0 do not fit F32(2, 7, 4)", () -> pool(0, 2, 0)),
        new Refusal(
            "pool: 2 tokens from 0 with step 9223372036854775807 do not fit F32(2, 7, 4)",
            () -> pool(0, 2, Long.MAX_VALUE)),
        new Refusal(
            "pool: input is F32(7, 4); expected F32 with 3 axes",
            () -> new Pool(Pool.Kind.MAX, f32(7, 4), 0, 1, 1, f32(7, 4))),
        new Refusal(
            "pool: out is F32(4, 2); expected F32(2, 4)",
            () -> new Pool(Pool.Kind.MAX, f32(2, 7, 4), 0, 1, 1, f32(4, 2))),
        new Refusal(
            "pool: out is read-only: F32(2, 4); expected memory that can be written",
            () -> new Pool(Pool.Kind.MAX, f32(2, 7, 4), 0, 1, 1, readOnly(2, 4))),
        new Refusal(
            "pool: kind is missing", () -> new Pool(null, f32(2, 7, 4), 0, 1, 1, f32(2, 4))));
  }

  @ParameterizedTest
  @MethodSource("pools")
  void pool(Refusal refusal) {
    refusal.check();
  }
}
