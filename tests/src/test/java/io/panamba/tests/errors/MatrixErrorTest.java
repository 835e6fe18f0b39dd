package io.panamba.tests.errors;

import static io.panamba.tests.errors.Refusal.f32;
import static io.panamba.tests.errors.Refusal.f64;
import static io.panamba.tests.errors.Refusal.packed;
import static io.panamba.tests.errors.Refusal.readOnly;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.PatchEmbedding;
import io.panamba.runtime.operation.PatchEmbedding.ClassIndex;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Linear layers and patch embeddings whose tensors do not fit each other. */
class MatrixErrorTest {
  private static Operation linear(Tensor input, Tensor bias, Tensor out) {
    return Linear.of(input, packed(4, 3), bias, 0, out);
  }

  static Stream<Refusal> linears() {
    Tensor both = f32(3, 4);
    return Stream.of(
        new Refusal(
            "linear: the input has 2 columns, the weight is packed F32(4, 3)",
            () -> linear(f32(5, 2), null, f32(5, 4))),
        new Refusal(
            "linear: the output has 5 columns, the weight is packed F32(4, 3)",
            () -> linear(f32(5, 3), null, f32(5, 5))),
        new Refusal(
            "linear: the input has 5 rows, the output 6",
            () -> linear(f32(5, 3), null, f32(2, 3, 4))),
        new Refusal(
            "linear: the input F32(0, 3) has no rows", () -> linear(f32(0, 3), null, f32(0, 4))),
        new Refusal(
            "linear: bias is F32(3); expected F32(4)", () -> linear(f32(5, 3), f32(3), f32(5, 4))),
        new Refusal(
            "linear: bias is F64(4); expected F32(4)", () -> linear(f32(5, 3), f64(4), f32(5, 4))),
        new Refusal(
            "linear: out is read-only: F32(5, 4); expected memory that can be written",
            () -> linear(f32(5, 3), null, readOnly(5, 4))),
        new Refusal(
            "linear: out F32(3, 4) shares memory with input F32(3, 4); expected memory of its own",
            () ->
                new Linear(
                    new Columns(both, 0, 3),
                    packed(4, 3),
                    null,
                    0,
                    Linear.Activation.NONE,
                    Columns.of(both))),
        new Refusal(
            "linear: weight is missing", () -> Linear.of(f32(5, 3), null, null, 0, f32(5, 4))),
        new Refusal(
            "linear: the weight is 2 times packed F32(4, 3); expected one matrix",
            () -> Linear.of(f32(5, 3), packed(2, 4, 3), null, 0, f32(5, 4))),
        new Refusal(
            "linear: input is missing",
            () ->
                new Linear(
                    null, packed(4, 3), null, 0, Linear.Activation.NONE, Columns.of(f32(5, 4)))),
        new Refusal(
            "linear: out is missing",
            () ->
                new Linear(
                    Columns.of(f32(5, 3)), packed(4, 3), null, 0, Linear.Activation.NONE, null)),
        new Refusal(
            "columns: the tensor is missing",
            () -> Linear.of(null, packed(4, 3), null, 0, f32(5, 4))),
        new Refusal(
            "columns: F64(5, 3) is not a float32 or bfloat16 tensor with columns",
            () -> linear(f64(5, 3), null, f32(5, 4))),
        new Refusal(
            "columns: F32() is not a float32 or bfloat16 tensor with columns",
            () -> linear(f32(), null, f32(5, 4))),
        new Refusal(
            "columns: no 3 columns from 4 in F32(5, 6)",
            () ->
                new Linear(
                    new Columns(f32(5, 6), 4, 3),
                    packed(4, 3),
                    null,
                    0,
                    Linear.Activation.NONE,
                    Columns.of(f32(5, 4)))),
        new Refusal(
            "columns: no 3 columns from -1 in F32(5, 6)",
            () ->
                new Linear(
                    new Columns(f32(5, 6), -1, 3),
                    packed(4, 3),
                    null,
                    0,
                    Linear.Activation.NONE,
                    Columns.of(f32(5, 4)))),
        new Refusal(
            "columns: no 9223372036854775807 columns from 1 in F32(5, 6)",
            () ->
                new Linear(
                    new Columns(f32(5, 6), 1, Long.MAX_VALUE),
                    packed(4, 3),
                    null,
                    0,
                    Linear.Activation.NONE,
                    Columns.of(f32(5, 4)))),
        new Refusal(
            "linear: activation is missing",
            () ->
                new Linear(
                    Columns.of(f32(5, 3)), packed(4, 3), null, 0, null, Columns.of(f32(5, 4)))));
  }

  @ParameterizedTest
  @MethodSource("linears")
  void linear(Refusal refusal) {
    refusal.check();
  }

  private static Operation patches(
      Tensor image, Tensor position, Tensor tokens, ClassIndex places, long patch, long stride) {
    return new PatchEmbedding(
        image, null, packed(6, 12), null, position, tokens, places, patch, stride, f32(1, 5, 6));
  }

  static Stream<Refusal> patchEmbeddings() {
    Tensor image = f32(1, 3, 4, 4);
    Tensor token = f32(1, 6);
    ClassIndex first = ClassIndex.of(0);
    return Stream.of(
        new Refusal(
            "patch embedding: image is F32(3, 4, 4); expected F32 with 4 axes",
            () -> patches(f32(3, 4, 4), null, token, first, 2, 2)),
        new Refusal(
            "patch embedding: patches of 5 with stride 2 do not fit an image F32(1, 3, 4, 4)",
            () -> patches(image, null, token, first, 5, 2)),
        new Refusal(
            "patch embedding: patches of 2 with stride 0 do not fit an image F32(1, 3, 4, 4)",
            () -> patches(image, null, token, first, 2, 0)),
        new Refusal(
            "patch embedding: out is F32(1, 5, 6); expected F32(1, 10, 6)",
            () -> patches(image, null, token, first, 2, 1)),
        new Refusal(
            "patch embedding: weight is packed F32(6, 12); expected (6, 27)",
            () -> patches(f32(1, 3, 7, 7), null, token, first, 3, 4)),
        new Refusal(
            "patch embedding: position is F32(4, 6); expected F32(5, 6)",
            () -> patches(image, f32(4, 6), token, first, 2, 2)),
        new Refusal(
            "patch embedding: classTokens is missing; expected F32(1, 6)",
            () -> patches(image, null, null, first, 2, 2)),
        new Refusal(
            "patch embedding: classTokens is F32(2, 6); expected F32(1, 6)",
            () -> patches(image, null, f32(2, 6), first, 2, 2)),
        new Refusal(
            "patch embedding: class tokens F32(1, 6) have no places",
            () ->
                new PatchEmbedding(
                    image,
                    null,
                    packed(6, 12),
                    null,
                    null,
                    token,
                    ClassIndex.NONE,
                    2,
                    2,
                    f32(1, 4, 6))),
        new Refusal(
            "patch embedding: class tokens at [5] are not ascending places in a sequence of 5",
            () -> patches(image, null, token, ClassIndex.of(5), 2, 2)),
        new Refusal(
            "patch embedding: class tokens at [-1] are not ascending places in a sequence of 5",
            () -> patches(image, null, token, ClassIndex.of(-1), 2, 2)),
        new Refusal(
            "patch embedding: class tokens at [3, 3] are not ascending places in a sequence of 6",
            () ->
                new PatchEmbedding(
                    image,
                    null,
                    packed(6, 12),
                    null,
                    null,
                    f32(2, 6),
                    ClassIndex.of(3, 3),
                    2,
                    2,
                    f32(1, 6, 6))),
        new Refusal(
            "patch embedding: at most two class tokens, not 3",
            () -> patches(image, null, token, ClassIndex.of(0, 1, 2), 2, 2)),
        new Refusal(
            "patch embedding: weight is missing",
            () ->
                new PatchEmbedding(
                    image, null, null, null, null, token, first, 2, 2, f32(1, 5, 6))),
        new Refusal(
            "patch embedding: classIndex is missing",
            () -> patches(image, null, token, null, 2, 2)),
        new Refusal(
            "patch embedding: out is read-only: F32(1, 5, 6); expected memory that can be written",
            () ->
                new PatchEmbedding(
                    image,
                    null,
                    packed(6, 12),
                    null,
                    null,
                    token,
                    first,
                    2,
                    2,
                    readOnly(1, 5, 6))));
  }

  @ParameterizedTest
  @MethodSource("patchEmbeddings")
  void patchEmbedding(Refusal refusal) {
    refusal.check();
  }
}
