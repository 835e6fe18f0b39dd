package io.panamba.tests.errors;

import static io.panamba.tests.errors.Refusal.bf16;
import static io.panamba.tests.errors.Refusal.f32;
import static io.panamba.tests.errors.Refusal.f64;
import static io.panamba.tests.errors.Refusal.packed;
import static io.panamba.tests.errors.Refusal.readOnly;

import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.Pack;
import io.panamba.runtime.operation.PatchEmbedding.ClassIndex;
import io.panamba.runtime.operation.Patches;
import io.panamba.runtime.operation.PatchesGradient;
import io.panamba.runtime.operation.Pointwise;
import io.panamba.runtime.operation.Product;
import io.panamba.runtime.operation.Sum;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Packing, products, sums, functions of elements, patches and their gradients that do not fit. */
class TrainingMatrixErrorTest {
  static Stream<Refusal> packs() {
    MatrixSource source = MatrixSource.of(f32(4, 3));
    return Stream.of(
        new Refusal("pack: source is missing", () -> new Pack(null, packed(4, 3))),
        new Refusal("pack: out is missing", () -> new Pack(source, null)),
        new Refusal(
            "pack: the source is (4, 3), the matrix is packed F32(3, 4)",
            () -> new Pack(source, packed(3, 4))),
        new Refusal(
            "pack: the source is (4, 3), the matrix is packed F32(4, 4)",
            () -> new Pack(source, packed(4, 4))));
  }

  @ParameterizedTest
  @MethodSource("packs")
  void pack(Refusal refusal) {
    refusal.check();
  }

  private static Operation product(Tensor left, Tensor right, Tensor out) {
    return new Product(Columns.of(left), false, Columns.of(right), 0, Columns.of(out));
  }

  private static Operation transposed(Tensor left, Tensor right, Tensor out) {
    return new Product(Columns.of(left), true, Columns.of(right), 0, Columns.of(out));
  }

  static Stream<Refusal> products() {
    Tensor left = f32(2, 3);
    Tensor right = f32(3, 4);
    Tensor out = f32(2, 4);
    Tensor square = f32(3, 3);
    return Stream.of(
        new Refusal(
            "product: left is missing",
            () -> new Product(null, false, Columns.of(right), 0, Columns.of(out))),
        new Refusal(
            "product: right is missing",
            () -> new Product(Columns.of(left), false, null, 0, Columns.of(out))),
        new Refusal(
            "product: out is missing",
            () -> new Product(Columns.of(left), false, Columns.of(right), 0, null)),
        new Refusal(
            "product: left is BF16(2, 3); expected F32", () -> product(bf16(2, 3), right, out)),
        new Refusal(
            "product: right is BF16(3, 4); expected F32", () -> product(left, bf16(3, 4), out)),
        new Refusal(
            "product: out is BF16(2, 4); expected F32", () -> product(left, right, bf16(2, 4))),
        new Refusal(
            "product: left is (2, 3), right (2, 4), out (2, 4)",
            () -> product(left, f32(2, 4), out)),
        new Refusal(
            "product: left is (2, 3), right (3, 4), out (3, 4)",
            () -> product(left, right, f32(3, 4))),
        new Refusal(
            "product: left is (2, 3), right (3, 4), out (2, 5)",
            () -> product(left, right, f32(2, 5))),
        new Refusal(
            "product: left is (3, 2), right (3, 4), out (3, 4)",
            () -> transposed(left, right, f32(3, 4))),
        new Refusal(
            "product: left is (0, 3), right (3, 4), out (0, 4)",
            () -> product(f32(0, 3), right, f32(0, 4))),
        new Refusal(
            "product: left is (2, 0), right (0, 4), out (2, 4)",
            () -> transposed(f32(0, 2), f32(0, 4), out)),
        new Refusal(
            "product: out is read-only: F32(2, 4); expected memory that can be written",
            () -> product(left, right, readOnly(2, 4))),
        new Refusal(
            "product: out F32(3, 3) shares memory with left F32(3, 3); expected memory of its own",
            () -> product(square, f32(3, 3), square)),
        new Refusal(
            "product: out F32(3, 3) shares memory with right F32(3, 3); expected memory of its own",
            () -> product(f32(3, 3), square, square)),
        new Refusal(
            "product: left is (5, 4), right (4, 4), out (5, 3)",
            () -> Product.ofInput(Columns.of(f32(5, 4)), f32(4, 4), 1, Columns.of(f32(5, 3)))),
        new Refusal(
            "product: left is (4, 5), right (6, 3), out (4, 3)",
            () -> Product.ofWeight(Columns.of(f32(5, 4)), Columns.of(f32(6, 3)), 1, f32(4, 3))));
  }

  @ParameterizedTest
  @MethodSource("products")
  void product(Refusal refusal) {
    refusal.check();
  }

  private static Refusal sum(String message, long first, long count, long stride, Tensor out) {
    return new Refusal(
        "sum: no " + message + " in F32(4, 5)",
        () -> new Sum(f32(4, 5), first, count, stride, 0, 1, out));
  }

  static Stream<Refusal> sums() {
    Tensor parts = f32(4, 5);
    Tensor out = f32(5);
    return Stream.of(
        new Refusal("sum: parts is missing", () -> new Sum(null, 0, 1, 5, 0, 1, out)),
        new Refusal("sum: out is missing", () -> new Sum(parts, 0, 1, 5, 0, 1, null)),
        new Refusal(
            "sum: parts is F64(4, 5); expected F32", () -> new Sum(f64(4, 5), 0, 4, 5, 0, 1, out)),
        new Refusal(
            "sum: out is F64(5); expected F32", () -> new Sum(parts, 0, 4, 5, 0, 1, f64(5))),
        sum("4 parts of 5 elements, 5 apart, from -1", -1, 4, 5, out),
        sum("4 parts of 5 elements, 5 apart, from 1", 1, 4, 5, out),
        sum("1 parts of 5 elements, 5 apart, from 16", 16, 1, 5, out),
        sum("1 parts of 5 elements, 5 apart, from 9223372036854775807", Long.MAX_VALUE, 1, 5, out),
        sum("0 parts of 5 elements, 5 apart, from 0", 0, 0, 5, out),
        sum("5 parts of 5 elements, 5 apart, from 0", 0, 5, 5, out),
        sum("9223372036854775807 parts of 5 elements, 5 apart, from 0", 0, Long.MAX_VALUE, 5, out),
        sum("2 parts of 5 elements, 4 apart, from 0", 0, 2, 4, out),
        sum("2 parts of 5 elements, -5 apart, from 0", 0, 2, -5, out),
        sum("2 parts of 5 elements, 9223372036854775807 apart, from 0", 0, 2, Long.MAX_VALUE, out),
        sum("2 parts of 0 elements, 0 apart, from 0", 0, 2, 0, f32(0)),
        sum("1 parts of 21 elements, 21 apart, from 0", 0, 1, 21, f32(21)),
        new Refusal(
            "sum: out is read-only: F32(5); expected memory that can be written",
            () -> Sum.of(parts, readOnly(5))),
        new Refusal(
            "sum: out F32(4, 5) shares memory with parts F32(4, 5); expected memory of its own",
            () -> new Sum(parts, 0, 1, 20, 0, 1, parts)),
        new Refusal("sum: parts is missing", () -> Sum.of(null, out)),
        new Refusal("sum: parts is F64(4, 5); expected F32", () -> Sum.of(f64(4, 5), out)),
        new Refusal("sum: parts is F32(); expected F32(count, ...)", () -> Sum.of(f32(), f32())),
        new Refusal(
            "sum: parts is F32(0, 5); expected F32(count, ...)", () -> Sum.of(f32(0, 5), out)),
        new Refusal(
            "sum: no 4 parts of 6 elements, 5 apart, from 0 in F32(4, 5)",
            () -> Sum.of(parts, f32(6))),
        new Refusal("sum: rows is missing", () -> Sum.ofRows(null, out)),
        new Refusal(
            "sum: no 4 parts of 4 elements, 5 apart, from 2 in F32(4, 5)",
            () -> Sum.ofRows(new Columns(parts, 2, 3), f32(4))));
  }

  @ParameterizedTest
  @MethodSource("sums")
  void sum(Refusal refusal) {
    refusal.check();
  }

  private static Operation silu(Tensor x, Tensor out) {
    return new Pointwise(Pointwise.Kind.SILU, Columns.of(x), Columns.of(out));
  }

  static Stream<Refusal> pointwises() {
    Columns x = Columns.of(f32(2, 3));
    return Stream.of(
        new Refusal("pointwise: kind is missing", () -> new Pointwise(null, x, x)),
        new Refusal("pointwise: x is missing", () -> new Pointwise(Pointwise.Kind.DECAY, null, x)),
        new Refusal(
            "pointwise: out is missing", () -> new Pointwise(Pointwise.Kind.DECAY, x, null)),
        new Refusal("pointwise: x is BF16(2, 3); expected F32", () -> silu(bf16(2, 3), f32(2, 3))),
        new Refusal(
            "pointwise: out is BF16(2, 3); expected F32", () -> silu(f32(2, 3), bf16(2, 3))),
        new Refusal("pointwise: x has 2 rows of 3, out 3 of 2", () -> silu(f32(2, 3), f32(3, 2))),
        new Refusal("pointwise: x has 2 rows of 3, out 2 of 4", () -> silu(f32(2, 3), f32(2, 4))),
        new Refusal("pointwise: x has 0 rows of 3, out 0 of 3", () -> silu(f32(0, 3), f32(0, 3))),
        new Refusal(
            "pointwise: out is read-only: F32(2, 3); expected memory that can be written",
            () -> silu(f32(2, 3), readOnly(2, 3))));
  }

  @ParameterizedTest
  @MethodSource("pointwises")
  void pointwise(Refusal refusal) {
    refusal.check();
  }

  private static Operation patches(Tensor image, ClassIndex places, long patch, long stride) {
    return new Patches(image, places, patch, stride, 0, f32(1, 5, 12));
  }

  static Stream<Refusal> patchRows() {
    Tensor image = f32(1, 3, 4, 4);
    Tensor pixels = f32(1, 1, 4, 4);
    ClassIndex first = ClassIndex.of(0);
    return Stream.of(
        new Refusal("patches: classIndex is missing", () -> patches(image, null, 2, 2)),
        new Refusal(
            "patches: image is null; expected F32 with 4 axes", () -> patches(null, first, 2, 2)),
        new Refusal(
            "patches: image is F32(3, 4, 4); expected F32 with 4 axes",
            () -> patches(f32(3, 4, 4), first, 2, 2)),
        new Refusal(
            "patches: image is F64(1, 3, 4, 4); expected F32 with 4 axes",
            () -> patches(f64(1, 3, 4, 4), first, 2, 2)),
        new Refusal(
            "patches: image is empty: F32(0, 3, 4, 4)",
            () -> patches(f32(0, 3, 4, 4), first, 2, 2)),
        new Refusal(
            "patches: patches of 5 with stride 2 do not fit an image F32(1, 3, 4, 4)",
            () -> patches(image, first, 5, 2)),
        new Refusal(
            "patches: patches of 0 with stride 2 do not fit an image F32(1, 3, 4, 4)",
            () -> patches(image, first, 0, 2)),
        new Refusal(
            "patches: patches of 2 with stride 0 do not fit an image F32(1, 3, 4, 4)",
            () -> patches(image, first, 2, 0)),
        new Refusal(
            "patches: a padding of -1; expected fewer than the 2 pixels of a patch",
            () -> new Patches(image, first, 2, 2, -1, f32(1, 5, 12))),
        new Refusal(
            "patches: a padding of 2; expected fewer than the 2 pixels of a patch",
            () -> new Patches(image, first, 2, 2, 2, f32(1, 5, 12))),
        new Refusal(
            "patches: out is F32(1, 5, 12); expected F32(1, 10, 12)",
            () -> new Patches(image, first, 2, 2, 1, f32(1, 5, 12))),
        new Refusal(
            "patches: class tokens at [5] are not ascending places in a sequence of 5",
            () -> patches(image, ClassIndex.of(5), 2, 2)),
        new Refusal(
            "patches: class tokens at [3, 3] are not ascending places in a sequence of 6",
            () -> patches(image, ClassIndex.of(3, 3), 2, 2)),
        new Refusal(
            "patches: out is F32(1, 5, 12); expected F32(1, 4, 12)",
            () -> patches(image, ClassIndex.NONE, 2, 2)),
        new Refusal(
            "patches: out is missing; expected F32(1, 5, 12)",
            () -> new Patches(image, first, 2, 2, 0, null)),
        new Refusal(
            "patches: out is read-only: F32(1, 5, 12); expected memory that can be written",
            () -> new Patches(image, first, 2, 2, 0, readOnly(1, 5, 12))),
        new Refusal(
            "patches: out F32(1, 4, 4) shares memory with image F32(1, 1, 4, 4); expected memory of"
                + " its own",
            () ->
                new Patches(pixels, ClassIndex.NONE, 2, 2, 0, pixels.reshape(Shape.of(1, 4, 4)))));
  }

  @ParameterizedTest
  @MethodSource("patchRows")
  void patches(Refusal refusal) {
    refusal.check();
  }

  private static Operation gradient(Tensor image, ClassIndex places, long patch, long stride) {
    return new PatchesGradient(f32(1, 5, 12), places, patch, stride, 0, image);
  }

  static Stream<Refusal> patchGradients() {
    Tensor image = f32(1, 3, 4, 4);
    Tensor pixels = f32(1, 1, 4, 4);
    ClassIndex first = ClassIndex.of(0);
    return Stream.of(
        new Refusal("patches gradient: classIndex is missing", () -> gradient(image, null, 2, 2)),
        new Refusal(
            "patches gradient: imageGradient is null; expected F32 with 4 axes",
            () -> gradient(null, first, 2, 2)),
        new Refusal(
            "patches gradient: imageGradient is F32(3, 4, 4); expected F32 with 4 axes",
            () -> gradient(f32(3, 4, 4), first, 2, 2)),
        new Refusal(
            "patches gradient: imageGradient is F64(1, 3, 4, 4); expected F32 with 4 axes",
            () -> gradient(f64(1, 3, 4, 4), first, 2, 2)),
        new Refusal(
            "patches gradient: imageGradient is empty: F32(0, 3, 4, 4)",
            () -> gradient(f32(0, 3, 4, 4), first, 2, 2)),
        new Refusal(
            "patches gradient: imageGradient is read-only: F32(1, 3, 4, 4); expected memory that"
                + " can be written",
            () -> gradient(readOnly(1, 3, 4, 4), first, 2, 2)),
        new Refusal(
            "patches gradient: patches of 5 with stride 2 do not fit an image F32(1, 3, 4, 4)",
            () -> gradient(image, first, 5, 2)),
        new Refusal(
            "patches gradient: patches of 2 with stride 0 do not fit an image F32(1, 3, 4, 4)",
            () -> gradient(image, first, 2, 0)),
        new Refusal(
            "patches gradient: a padding of -1; expected fewer than the 2 pixels of a patch",
            () -> new PatchesGradient(f32(1, 5, 12), first, 2, 2, -1, image)),
        new Refusal(
            "patches gradient: a padding of 2; expected fewer than the 2 pixels of a patch",
            () -> new PatchesGradient(f32(1, 5, 12), first, 2, 2, 2, image)),
        new Refusal(
            "patches gradient: patchGradient is F32(1, 5, 12); expected F32(1, 10, 12)",
            () -> new PatchesGradient(f32(1, 5, 12), first, 2, 2, 1, image)),
        new Refusal(
            "patches gradient: class tokens at [5] are not ascending places in a sequence of 5",
            () -> gradient(image, ClassIndex.of(5), 2, 2)),
        new Refusal(
            "patches gradient: patchGradient is F32(1, 5, 12); expected F32(1, 4, 12)",
            () -> gradient(image, ClassIndex.NONE, 2, 2)),
        new Refusal(
            "patches gradient: patchGradient is missing; expected F32(1, 5, 12)",
            () -> new PatchesGradient(null, first, 2, 2, 0, image)),
        new Refusal(
            "patches gradient: imageGradient F32(1, 1, 4, 4) shares memory with patchGradient"
                + " F32(1, 4, 4); expected memory of its own",
            () ->
                new PatchesGradient(
                    pixels.reshape(Shape.of(1, 4, 4)), ClassIndex.NONE, 2, 2, 0, pixels)));
  }

  @ParameterizedTest
  @MethodSource("patchGradients")
  void patchGradient(Refusal refusal) {
    refusal.check();
  }
}
