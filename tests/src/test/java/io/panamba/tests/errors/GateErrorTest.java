package io.panamba.tests.errors;

import static io.panamba.tests.errors.Refusal.bf16;
import static io.panamba.tests.errors.Refusal.f32;
import static io.panamba.tests.errors.Refusal.packed;
import static io.panamba.tests.errors.Refusal.readOnly;

import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Convert;
import io.panamba.runtime.operation.Gate;
import io.panamba.runtime.operation.GatedLinear;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.PatchMerging;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Gates, layers through gates, conversions and patch merging whose tensors do not fit each other.
 */
class GateErrorTest {
  private static Columns rows(long... sizes) {
    return Columns.of(f32(sizes));
  }

  static Stream<Refusal> gates() {
    Columns x = rows(2, 3);
    Tensor wide = f32(2, 5);
    Tensor longer = f32(4, 3);
    return Stream.of(
        new Refusal("gate: gate is missing", () -> new Gate(null, x, x)),
        new Refusal("gate: x is missing", () -> new Gate(x, null, x)),
        new Refusal("gate: out is missing", () -> new Gate(x, x, null)),
        new Refusal(
            "gate: the gate F32(0, 3) has no rows",
            () -> new Gate(rows(0, 3), rows(0, 3), rows(0, 3))),
        new Refusal(
            "gate: x has 3 columns of BF16(2, 3), the gate 3 of F32(2, 3): their types or sizes"
                + " differ",
            () -> new Gate(x, Columns.of(bf16(2, 3)), x)),
        new Refusal(
            "gate: x has 3 columns of F32(3, 3), the gate 3 of F32(2, 3): their types or sizes"
                + " differ",
            () -> new Gate(x, rows(3, 3), x)),
        new Refusal(
            "gate: x has 4 columns of F32(2, 4), the gate 3 of F32(2, 3): their types or sizes"
                + " differ",
            () -> new Gate(x, rows(2, 4), x)),
        new Refusal(
            "gate: out has 3 columns of BF16(2, 3), the gate 3 of F32(2, 3): their types or sizes"
                + " differ",
            () -> new Gate(x, x, Columns.of(bf16(2, 3)))),
        new Refusal(
            "gate: out has 3 columns of F32(1, 3), the gate 3 of F32(2, 3): their types or sizes"
                + " differ",
            () -> new Gate(x, x, rows(1, 3))),
        new Refusal(
            "gate: out is read-only: F32(2, 3); expected memory that can be written",
            () -> new Gate(x, x, Columns.of(readOnly(2, 3)))),
        new Refusal(
            "gate: out Columns[tensor=F32(2, 5), first=2, count=3] shares a part of gate"
                + " Columns[tensor=F32(2, 5), first=0, count=3]; expected the same memory or memory"
                + " of its own",
            () -> new Gate(new Columns(wide, 0, 3), x, new Columns(wide, 2, 3))),
        new Refusal(
            "gate: out Columns[tensor=F32(2, 3), first=0, count=3] shares a part of x"
                + " Columns[tensor=F32(2, 3), first=0, count=3]; expected the same memory or memory"
                + " of its own",
            () -> new Gate(x, Columns.of(longer.slice(0, 2)), Columns.of(longer.slice(1, 2)))));
  }

  @ParameterizedTest
  @MethodSource("gates")
  void gate(Refusal refusal) {
    refusal.check();
  }

  static Stream<Refusal> layers() {
    Tensor both = f32(3, 7);
    return Stream.of(
        new Refusal(
            "gated linear: input is missing",
            () -> new GatedLinear(null, packed(4, 3), null, rows(5, 4))),
        new Refusal(
            "gated linear: weight is missing",
            () -> new GatedLinear(rows(5, 3), null, null, rows(5, 4))),
        new Refusal(
            "gated linear: out is missing",
            () -> new GatedLinear(rows(5, 3), packed(4, 3), null, null)),
        new Refusal(
            "gated linear: the input is BF16(5, 3), the weight is packed F32(4, 3): their types"
                + " differ",
            () -> new GatedLinear(Columns.of(bf16(5, 3)), packed(4, 3), null, rows(5, 4))),
        new Refusal(
            "gated linear: the weight is 2 times packed F32(4, 3); expected one matrix",
            () -> new GatedLinear(rows(5, 3), packed(2, 4, 3), null, rows(5, 4))),
        new Refusal(
            "gated linear: the input F32(0, 3) has no rows",
            () -> new GatedLinear(rows(0, 3), packed(4, 3), null, rows(0, 4))),
        new Refusal(
            "gated linear: the input has 2 columns, the weight is packed F32(4, 3)",
            () -> new GatedLinear(rows(5, 2), packed(4, 3), null, rows(5, 4))),
        new Refusal(
            "gated linear: the output has 5 columns, the weight is packed F32(4, 3)",
            () -> new GatedLinear(rows(5, 3), packed(4, 3), null, rows(5, 5))),
        new Refusal(
            "gated linear: the input has 5 rows, the output 6",
            () -> new GatedLinear(rows(5, 3), packed(4, 3), null, rows(6, 4))),
        new Refusal(
            "gated linear: bias is F32(3); expected F32(4)",
            () -> new GatedLinear(rows(5, 3), packed(4, 3), f32(3), rows(5, 4))),
        new Refusal(
            "gated linear: out is read-only: F32(5, 4); expected memory that can be written",
            () -> new GatedLinear(rows(5, 3), packed(4, 3), null, Columns.of(readOnly(5, 4)))),
        new Refusal(
            "gated linear: out F32(3, 7) shares memory with input F32(3, 7); expected memory of its"
                + " own",
            () ->
                new GatedLinear(
                    new Columns(both, 0, 3), packed(4, 3), null, new Columns(both, 3, 4))));
  }

  @ParameterizedTest
  @MethodSource("layers")
  void gatedLinear(Refusal refusal) {
    refusal.check();
  }

  static Stream<Refusal> conversions() {
    Columns x = rows(2, 3);
    Tensor both = f32(2, 6);
    return Stream.of(
        new Refusal("convert: x is missing", () -> new Convert(null, x)),
        new Refusal("convert: out is missing", () -> new Convert(x, null)),
        new Refusal("convert: x F32(0, 3) has no rows", () -> new Convert(rows(0, 3), rows(0, 3))),
        new Refusal(
            "convert: out has 3 columns of BF16(3, 3), x 3 of F32(2, 3): their sizes differ",
            () -> new Convert(x, Columns.of(bf16(3, 3)))),
        new Refusal(
            "convert: out has 4 columns of F32(2, 4), x 3 of F32(2, 3): their sizes differ",
            () -> new Convert(x, rows(2, 4))),
        new Refusal(
            "convert: out is read-only: F32(2, 3); expected memory that can be written",
            () -> new Convert(x, Columns.of(readOnly(2, 3)))),
        new Refusal(
            "convert: out F32(2, 6) shares memory with x F32(2, 6); expected memory of its own",
            () -> new Convert(new Columns(both, 0, 3), new Columns(both, 3, 3))));
  }

  @ParameterizedTest
  @MethodSource("conversions")
  void convert(Refusal refusal) {
    refusal.check();
  }

  static Stream<Refusal> mergings() {
    Grid grid = new Grid(3, 4);
    Tensor x = f32(2, 12, 5);
    Tensor out = f32(2, 4, 20);
    Tensor shared = f32(1, 4, 5);
    return Stream.of(
        new Refusal("patch merging: grid is missing", () -> new PatchMerging(x, null, false, out)),
        new Refusal(
            "patch merging: x is null; expected F32 with 3 axes",
            () -> new PatchMerging(null, grid, false, out)),
        new Refusal(
            "patch merging: x is BF16(2, 12, 5); expected F32 with 3 axes",
            () -> new PatchMerging(bf16(2, 12, 5), grid, false, out)),
        new Refusal(
            "patch merging: x is F32(2, 3, 4, 5); expected F32 with 3 axes",
            () -> new PatchMerging(f32(2, 3, 4, 5), grid, false, out)),
        new Refusal(
            "patch merging: x is empty: F32(0, 12, 5)",
            () -> new PatchMerging(f32(0, 12, 5), grid, false, out)),
        new Refusal(
            "patch merging: x is F32(2, 11, 5); expected F32(2, 12, 5)",
            () -> new PatchMerging(f32(2, 11, 5), grid, false, out)),
        new Refusal(
            "patch merging: out is missing; expected F32(2, 4, 20)",
            () -> new PatchMerging(x, grid, false, null)),
        new Refusal(
            "patch merging: out is F32(2, 3, 20); expected F32(2, 4, 20)",
            () -> new PatchMerging(x, grid, false, f32(2, 3, 20))),
        new Refusal(
            "patch merging: out is F32(2, 4, 10); expected F32(2, 4, 20)",
            () -> new PatchMerging(x, grid, true, f32(2, 4, 10))),
        new Refusal(
            "patch merging: out is read-only: F32(2, 4, 20); expected memory that can be written",
            () -> new PatchMerging(x, grid, false, readOnly(2, 4, 20))),
        new Refusal(
            "patch merging: x is read-only: F32(2, 12, 5); expected memory that can be written",
            () -> new PatchMerging(readOnly(2, 12, 5), grid, true, out)),
        new Refusal(
            "patch merging: out F32(1, 1, 20) shares memory with x F32(1, 4, 5); expected memory of"
                + " its own",
            () ->
                new PatchMerging(
                    shared, new Grid(2, 2), false, shared.reshape(Shape.of(1, 1, 20)))));
  }

  @ParameterizedTest
  @MethodSource("mergings")
  void patchMerging(Refusal refusal) {
    refusal.check();
  }
}
