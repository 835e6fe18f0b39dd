package io.panamba.tests.errors;

import static io.panamba.tests.errors.Refusal.bf16;
import static io.panamba.tests.errors.Refusal.f32;
import static io.panamba.tests.errors.Refusal.readOnly;

import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.Pool;
import io.panamba.runtime.operation.Resize;
import io.panamba.runtime.operation.ResizeGradient;
import io.panamba.runtime.operation.RoiAlign;
import io.panamba.runtime.operation.WindowPool;
import io.panamba.runtime.operation.WindowPool.Windows;
import io.panamba.runtime.operation.WindowPoolGradient;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Operations that make maps of maps whose tensors do not fit each other. */
class MapErrorTest {
  private static final Grid GRID = new Grid(3, 4);
  private static final Grid LARGER = new Grid(5, 6);
  private static final Linear.Activation NONE = Linear.Activation.NONE;

  private static Columns rows(long... sizes) {
    return Columns.of(f32(sizes));
  }

  private static Resize resize(Columns x, int side, Columns out) {
    return new Resize(x, GRID, side, false, 0, NONE, LARGER, out);
  }

  static Stream<Refusal> resizes() {
    Columns x = rows(2, 12, 5);
    Columns out = rows(2, 30, 5);
    Tensor shared = f32(2, 30, 12);
    return Stream.of(
        new Refusal("resize: x is missing", () -> resize(null, 1, out)),
        new Refusal("resize: out is missing", () -> resize(x, 1, null)),
        new Refusal(
            "resize: grid is missing", () -> new Resize(x, null, 1, false, 0, NONE, LARGER, out)),
        new Refusal(
            "resize: outGrid is missing", () -> new Resize(x, GRID, 1, false, 0, NONE, null, out)),
        new Refusal(
            "resize: activation is missing",
            () -> new Resize(x, GRID, 1, false, 0, null, LARGER, out)),
        new Refusal("resize: a side of 0; expected 1 or 3", () -> resize(x, 0, out)),
        new Refusal("resize: a side of 5; expected 1 or 3", () -> resize(x, 5, out)),
        new Refusal(
            "resize: x is BF16(2, 12, 5); expected F32",
            () -> resize(Columns.of(bf16(2, 12, 5)), 1, out)),
        new Refusal(
            "resize: out is BF16(2, 30, 5); expected F32",
            () -> resize(x, 1, Columns.of(bf16(2, 30, 5)))),
        new Refusal(
            "resize: x is F32(2, 3, 4, 5); expected F32 with 3 axes",
            () -> resize(rows(2, 3, 4, 5), 1, out)),
        new Refusal("resize: x is empty: F32(0, 12, 5)", () -> resize(rows(0, 12, 5), 1, out)),
        new Refusal(
            "resize: x has 5 columns of F32(2, 11, 5); expected 5 columns of F32(2, 12, ...)",
            () -> resize(rows(2, 11, 5), 1, out)),
        new Refusal(
            "resize: x has 5 columns of F32(2, 12, 5); expected 45 columns of F32(2, 12, ...)",
            () -> resize(x, 3, out)),
        new Refusal(
            "resize: out has 5 columns of F32(2, 12, 5); expected 5 columns of F32(2, 30, ...)",
            () -> resize(x, 1, rows(2, 12, 5))),
        new Refusal(
            "resize: out has 5 columns of F32(1, 30, 5); expected 5 columns of F32(2, 30, ...)",
            () -> resize(x, 1, rows(1, 30, 5))),
        new Refusal(
            "resize: out is read-only: F32(2, 30, 5); expected memory that can be written",
            () -> resize(x, 1, Columns.of(readOnly(2, 30, 5)))),
        new Refusal(
            "resize: out F32(2, 30, 12) shares memory with x F32(2, 30, 12); expected memory of"
                + " its own",
            () ->
                new Resize(
                    new Columns(shared, 0, 5),
                    LARGER,
                    1,
                    true,
                    0,
                    NONE,
                    LARGER,
                    new Columns(shared, 5, 5))));
  }

  @ParameterizedTest
  @MethodSource("resizes")
  void resize(Refusal refusal) {
    refusal.check();
  }

  private static ResizeGradient gradient(Columns outGradient, Columns xGradient) {
    return new ResizeGradient(outGradient, LARGER, false, 0, GRID, xGradient);
  }

  static Stream<Refusal> resizeGradients() {
    Columns outGradient = rows(2, 30, 5);
    Columns xGradient = rows(2, 12, 5);
    Tensor shared = f32(2, 12, 10);
    return Stream.of(
        new Refusal("resize gradient: outGradient is missing", () -> gradient(null, xGradient)),
        new Refusal("resize gradient: xGradient is missing", () -> gradient(outGradient, null)),
        new Refusal(
            "resize gradient: grid is missing",
            () -> new ResizeGradient(outGradient, LARGER, false, 0, null, xGradient)),
        new Refusal(
            "resize gradient: outGrid is missing",
            () -> new ResizeGradient(outGradient, null, false, 0, GRID, xGradient)),
        new Refusal(
            "resize gradient: xGradient has 5 columns of F32(2, 11, 5); expected 5 columns of"
                + " F32(2, 12, ...)",
            () -> gradient(outGradient, rows(2, 11, 5))),
        new Refusal(
            "resize gradient: outGradient has 4 columns of F32(2, 30, 4); expected 5 columns of"
                + " F32(2, 30, ...)",
            () -> gradient(rows(2, 30, 4), xGradient)),
        new Refusal(
            "resize gradient: outGradient has 5 columns of F32(1, 30, 5); expected 5 columns of"
                + " F32(2, 30, ...)",
            () -> gradient(rows(1, 30, 5), xGradient)),
        new Refusal(
            "resize gradient: xGradient is read-only: F32(2, 12, 5); expected memory that can be"
                + " written",
            () -> gradient(outGradient, Columns.of(readOnly(2, 12, 5)))),
        new Refusal(
            "resize gradient: xGradient F32(2, 12, 10) shares memory with outGradient F32(2, 12,"
                + " 10); expected memory of its own",
            () ->
                new ResizeGradient(
                    new Columns(shared, 0, 5), GRID, false, 0, GRID, new Columns(shared, 5, 5))));
  }

  @ParameterizedTest
  @MethodSource("resizeGradients")
  void resizeGradient(Refusal refusal) {
    refusal.check();
  }

  /** Makes windows, which are refused before there is an operation. */
  private static Refusal windows(String message, Pool.Kind kind, int... sizes) {
    Columns x = rows(1, 12, 5);
    return new Refusal(
        message,
        () ->
            new WindowPool(new Windows(kind, sizes[0], sizes[1], sizes[2], sizes[3]), x, GRID, x));
  }

  private static WindowPool pool(Windows windows, Columns x, Columns out) {
    return new WindowPool(windows, x, GRID, out);
  }

  static Stream<Refusal> pools() {
    Windows mean = Windows.adaptive(2, 3);
    Windows maximum = Windows.maximum(2, 1);
    Columns x = rows(2, 12, 5);
    Columns out = rows(2, 6, 5);
    Tensor shared = f32(2, 12, 10);
    return Stream.of(
        windows("window pool: kind is missing", null, 1, 1, 0, 0),
        windows(
            "window pool: 0 x 1 windows of side 0, 0 apart, are none", Pool.Kind.MEAN, 0, 1, 0, 0),
        windows(
            "window pool: 1 x 0 windows of side 0, 0 apart, are none", Pool.Kind.MEAN, 1, 0, 0, 0),
        windows(
            "window pool: 1 x 1 windows of side 2, 0 apart, are none", Pool.Kind.MEAN, 1, 1, 2, 0),
        windows(
            "window pool: 1 x 1 windows of side 0, 2 apart, are none", Pool.Kind.MEAN, 1, 1, 0, 2),
        windows(
            "window pool: 0 x 0 windows of side 0, 1 apart, are none", Pool.Kind.MAX, 0, 0, 0, 1),
        windows(
            "window pool: 0 x 0 windows of side 1, 0 apart, are none", Pool.Kind.MAX, 0, 0, 1, 0),
        windows(
            "window pool: 1 x 0 windows of side 1, 1 apart, are none", Pool.Kind.MAX, 1, 0, 1, 1),
        new Refusal("window pool: windows is missing", () -> pool(null, x, out)),
        new Refusal("window pool: x is missing", () -> pool(mean, null, out)),
        new Refusal("window pool: out is missing", () -> pool(mean, x, null)),
        new Refusal("window pool: grid is missing", () -> new WindowPool(mean, x, null, out)),
        new Refusal(
            "window pool: a window of 4 x 4 pixels does not fit a map of 3 x 4",
            () -> pool(Windows.maximum(4, 1), x, out)),
        new Refusal(
            "window pool: x is BF16(2, 12, 5); expected F32",
            () -> pool(mean, Columns.of(bf16(2, 12, 5)), out)),
        new Refusal(
            "window pool: x is empty: F32(0, 12, 5)", () -> pool(mean, rows(0, 12, 5), out)),
        new Refusal(
            "window pool: x has 5 columns of F32(2, 11, 5); expected 5 columns of F32(2, 12, ...)",
            () -> pool(mean, rows(2, 11, 5), out)),
        new Refusal(
            "window pool: out has 5 columns of F32(2, 5, 5); expected 5 columns of F32(2, 6, ...)",
            () -> pool(maximum, x, rows(2, 5, 5))),
        new Refusal(
            "window pool: out has 4 columns of F32(2, 6, 4); expected 5 columns of F32(2, 6, ...)",
            () -> pool(mean, x, rows(2, 6, 4))),
        new Refusal(
            "window pool: out is read-only: F32(2, 6, 5); expected memory that can be written",
            () -> pool(mean, x, Columns.of(readOnly(2, 6, 5)))),
        new Refusal(
            "window pool: out F32(2, 12, 10) shares memory with x F32(2, 12, 10); expected memory"
                + " of its own",
            () ->
                pool(Windows.maximum(1, 1), new Columns(shared, 0, 5), new Columns(shared, 5, 5))));
  }

  @ParameterizedTest
  @MethodSource("pools")
  void windowPool(Refusal refusal) {
    refusal.check();
  }

  static Stream<Refusal> poolGradients() {
    Windows mean = Windows.adaptive(2, 3);
    Windows maximum = Windows.maximum(2, 1);
    Tensor x = f32(2, 12, 5);
    Tensor outGradient = f32(2, 6, 5);
    Tensor xGradient = f32(2, 12, 5);
    return Stream.of(
        new Refusal(
            "window pool gradient: windows is missing",
            () -> new WindowPoolGradient(null, null, GRID, outGradient, xGradient)),
        new Refusal(
            "window pool gradient: grid is missing",
            () -> new WindowPoolGradient(mean, null, null, outGradient, xGradient)),
        new Refusal(
            "window pool gradient: xGradient is null; expected F32 with 3 axes",
            () -> new WindowPoolGradient(mean, null, GRID, outGradient, null)),
        new Refusal(
            "window pool gradient: xGradient is F32(2, 11, 5); expected F32(2, 12, 5)",
            () -> new WindowPoolGradient(mean, null, GRID, outGradient, f32(2, 11, 5))),
        new Refusal(
            "window pool gradient: xGradient is read-only: F32(2, 12, 5); expected memory that can"
                + " be written",
            () -> new WindowPoolGradient(mean, null, GRID, outGradient, readOnly(2, 12, 5))),
        new Refusal(
            "window pool gradient: outGradient is missing; expected F32(2, 6, 5)",
            () -> new WindowPoolGradient(mean, null, GRID, null, xGradient)),
        new Refusal(
            "window pool gradient: outGradient is F32(2, 5, 5); expected F32(2, 6, 5)",
            () -> new WindowPoolGradient(mean, null, GRID, f32(2, 5, 5), xGradient)),
        new Refusal(
            "window pool gradient: x is missing",
            () -> new WindowPoolGradient(maximum, null, GRID, outGradient, xGradient)),
        new Refusal(
            "window pool gradient: x has 4 columns of F32(2, 12, 4); expected 5 columns of F32(2,"
                + " 12, ...)",
            () -> new WindowPoolGradient(maximum, rows(2, 12, 4), GRID, outGradient, xGradient)),
        new Refusal(
            "window pool gradient: xGradient F32(2, 12, 5) shares memory with x F32(2, 12, 5);"
                + " expected memory of its own",
            () -> new WindowPoolGradient(maximum, Columns.of(x), GRID, outGradient, x)),
        new Refusal(
            "window pool gradient: a mean needs no x, and Columns[tensor=F32(2, 12, 5), first=0,"
                + " count=5] is given",
            () -> new WindowPoolGradient(mean, Columns.of(x), GRID, outGradient, xGradient)));
  }

  @ParameterizedTest
  @MethodSource("poolGradients")
  void windowPoolGradient(Refusal refusal) {
    refusal.check();
  }

  private static RoiAlign.Level level(Tensor map, float scale) {
    return new RoiAlign.Level(map, GRID, scale);
  }

  private static Operation align(RoiAlign.Level level, Tensor boxes, int side, Tensor out) {
    return new RoiAlign(List.of(level), boxes, side, out);
  }

  static Stream<Refusal> aligns() {
    RoiAlign.Level level = level(f32(1, 12, 5), 0.5f);
    Tensor boxes = f32(6, 5);
    Tensor out = f32(6, 4, 5);
    Tensor square = f32(1, 12, 5);
    return Stream.of(
        new Refusal("roi align: levels is missing", () -> new RoiAlign(null, boxes, 2, out)),
        new Refusal(
            "roi align: 0 levels; expected 1 to 4", () -> new RoiAlign(List.of(), boxes, 2, out)),
        new Refusal(
            "roi align: 5 levels; expected 1 to 4",
            () -> new RoiAlign(Collections.nCopies(5, level), boxes, 2, out)),
        new Refusal("roi align: a side of 0; expected 1 to 16", () -> align(level, boxes, 0, out)),
        new Refusal(
            "roi align: a side of 17; expected 1 to 16", () -> align(level, boxes, 17, out)),
        new Refusal(
            "roi align: boxes is null; expected F32 with 2 axes", () -> align(level, null, 2, out)),
        new Refusal(
            "roi align: boxes is F32(6, 4); expected F32(6, 5)",
            () -> align(level, f32(6, 4), 2, out)),
        new Refusal("roi align: boxes is empty: F32(0, 5)", () -> align(level, f32(0, 5), 2, out)),
        new Refusal(
            "roi align: out is null; expected F32 with 3 axes", () -> align(level, boxes, 2, null)),
        new Refusal(
            "roi align: out is F32(6, 9, 5); expected F32(6, 4, 5)",
            () -> align(level, boxes, 2, f32(6, 9, 5))),
        new Refusal(
            "roi align: out is read-only: F32(6, 4, 5); expected memory that can be written",
            () -> align(level, boxes, 2, readOnly(6, 4, 5))),
        new Refusal(
            "roi align: out F32(1, 1, 5) shares memory with boxes F32(1, 5); expected memory of its"
                + " own",
            () -> {
              Tensor box = f32(1, 5);
              return align(level, box, 1, box.reshape(Shape.of(1, 1, 5)));
            }),
        new Refusal(
            "roi align: grid is missing",
            () -> align(new RoiAlign.Level(square, null, 1), boxes, 2, out)),
        new Refusal(
            "roi align: map is missing; expected F32(1, 12, 5)",
            () -> align(level(null, 1), boxes, 2, out)),
        new Refusal(
            "roi align: map is F32(1, 12, 4); expected F32(1, 12, 5)",
            () -> align(level(f32(1, 12, 4), 1), boxes, 2, out)),
        new Refusal(
            "roi align: map is F32(2, 12, 5); expected F32(1, 12, 5)",
            () -> align(level(f32(2, 12, 5), 1), boxes, 2, out)),
        new Refusal(
            "roi align: out F32(6, 4, 5) shares memory with map F32(1, 12, 5); expected memory of"
                + " its own",
            () -> align(level(out.slice(0, 3).reshape(Shape.of(1, 12, 5)), 1), boxes, 2, out)),
        new Refusal(
            "roi align: a scale of 0.0; expected above 0 and at most 1",
            () -> align(level(square, 0), boxes, 2, out)),
        new Refusal(
            "roi align: a scale of 2.0; expected above 0 and at most 1",
            () -> align(level(square, 2), boxes, 2, out)),
        new Refusal(
            "roi align: a scale of NaN; expected above 0 and at most 1",
            () -> align(level(square, Float.NaN), boxes, 2, out)));
  }

  @ParameterizedTest
  @MethodSource("aligns")
  void roiAlign(Refusal refusal) {
    refusal.check();
  }
}
