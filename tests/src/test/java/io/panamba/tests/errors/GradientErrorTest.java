package io.panamba.tests.errors;

import static io.panamba.tests.errors.Refusal.f32;
import static io.panamba.tests.errors.Refusal.f64;
import static io.panamba.tests.errors.Refusal.readOnly;

import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.ConvGradient;
import io.panamba.runtime.operation.Norm;
import io.panamba.runtime.operation.NormGradient;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.Pool;
import io.panamba.runtime.operation.PoolGradient;
import io.panamba.runtime.operation.ScanGradient;
import io.panamba.runtime.operation.SelectiveScan;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Gradients whose tensors do not fit what they are gradients of. */
class GradientErrorTest {
  /** Valid tensors of a scan (2, 7, 5) with 3 states and rank 2, to be exchanged one by one. */
  private static final class Direction {
    private Tensor u = f32(2, 7, 5);
    private Tensor projected = f32(2, 7, 8);
    private Tensor dtWeight = f32(2, 5);
    private Tensor dtBias;
    private Tensor a = f32(3, 5);
    private Tensor d;
    private Tensor initial;
    private Tensor savedStates = f32(2, 2, 3, 5);
    private Tensor uGradient = f32(2, 7, 5);
    private Tensor projectedParts = f32(1, 2, 7, 8);
    private Tensor parameterParts = f32(2, 7, 5);
    private boolean present = true;
    private boolean scanned = true;

    ScanGradient.Direction build() {
      SelectiveScan.Direction scan =
          new SelectiveScan.Direction(
              u, projected, dtWeight, dtBias, a, d, initial, null, savedStates);
      return present
          ? new ScanGradient.Direction(
              scanned ? scan : null, uGradient, projectedParts, parameterParts)
          : null;
    }
  }

  /** A gradient of two such directions. */
  private static final class Scan {
    private final Direction forward = new Direction();
    private final Direction backward = new Direction();
    private Tensor outGradient = f32(2, 7, 5);
    private Columns z = Columns.of(f32(2, 7, 5));
    private Tensor imageScale;
    private Columns zGradient = Columns.of(f32(2, 7, 5));
    private Tensor out;
    private int interval = 4;

    Operation build() {
      return new ScanGradient(
          outGradient,
          z,
          imageScale,
          zGradient,
          out,
          forward.build(),
          backward.build(),
          1,
          interval);
    }
  }

  private static Refusal scan(String message, Consumer<Scan> change) {
    return new Refusal(
        "scan gradient: " + message,
        () -> {
          Scan scan = new Scan();
          change.accept(scan);
          return scan.build();
        });
  }

  /** A change that both directions refuse. */
  private static Stream<Refusal> either(String message, Consumer<Direction> change) {
    return Stream.of(
        scan(message, s -> change.accept(s.forward)),
        scan(message, s -> change.accept(s.backward)));
  }

  static Stream<Refusal> scans() {
    return Stream.of(
        scan(
            "no direction",
            s -> {
              s.forward.present = false;
              s.backward.present = false;
            }),
        scan("outGradient is null; expected F32 with 3 axes", s -> s.outGradient = null),
        scan("outGradient is F32(7, 5); expected F32 with 3 axes", s -> s.outGradient = f32(7, 5)),
        scan(
            "outGradient is F64(2, 7, 5); expected F32 with 3 axes",
            s -> s.outGradient = f64(2, 7, 5)),
        scan("outGradient is empty: F32(0, 7, 5)", s -> s.outGradient = f32(0, 7, 5)),
        scan("a is F32(5); expected F32 with 2 axes", s -> s.forward.a = f32(5)),
        scan("dtWeight is null; expected F32 with 2 axes", s -> s.forward.dtWeight = null),
        scan("65 states; at most 64", s -> s.forward.a = f32(65, 5)),
        scan("states are saved every 1 to 64 rows, not 0", s -> s.interval = 0),
        scan("states are saved every 1 to 64 rows, not 65", s -> s.interval = 65),
        scan("imageScale is F32(7); expected F32(2)", s -> s.imageScale = f32(7)),
        scan("z and zGradient have to come together", s -> s.z = null),
        scan("z and zGradient have to come together", s -> s.zGradient = null),
        scan(
            "z has 6 columns of F32(2, 7, 6); expected 5 columns of F32(2, 7, ...)",
            s -> s.z = Columns.of(f32(2, 7, 6))),
        scan(
            "zGradient has 5 columns of F32(7, 2, 5); expected 5 columns of F32(2, 7, ...)",
            s -> s.zGradient = Columns.of(f32(7, 2, 5))),
        scan(
            "zGradient is read-only: F32(2, 7, 5); expected memory that can be written",
            s -> s.zGradient = Columns.of(readOnly(2, 7, 5))),
        scan("out is F32(2, 5, 7); expected F32(2, 7, 5)", s -> s.out = f32(2, 5, 7)),
        scan(
            "out is read-only: F32(2, 7, 5); expected memory that can be written",
            s -> s.out = readOnly(2, 7, 5)));
  }

  static Stream<Refusal> scanDirections() {
    return Stream.of(
            either("scan is missing", d -> d.scanned = false),
            either("u is F32(2, 7, 6); expected F32(2, 7, 5)", d -> d.u = f32(2, 7, 6)),
            either("u is missing; expected F32(2, 7, 5)", d -> d.u = null),
            either(
                "projected is F32(2, 7, 7); expected F32(2, 7, 8)",
                d -> d.projected = f32(2, 7, 7)),
            either("dtWeight is F32(2, 6); expected F32(2, 5)", d -> d.dtWeight = f32(2, 6)),
            either("dtBias is F32(1, 5); expected F32(5)", d -> d.dtBias = f32(1, 5)),
            either("a is F32(3, 4); expected F32(3, 5)", d -> d.a = f32(3, 4)),
            either("d is F32(4); expected F32(5)", d -> d.d = f32(4)),
            either("the scan did not start from zero", d -> d.initial = f32(2, 3, 5)),
            either("savedStates is missing", d -> d.savedStates = null),
            either(
                "savedStates is F32(2, 7, 3, 5); expected F32(2, 2, 3, 5)",
                d -> d.savedStates = f32(2, 7, 3, 5)),
            either("uGradient is missing; expected F32(2, 7, 5)", d -> d.uGradient = null),
            either("uGradient is F32(7, 5); expected F32(2, 7, 5)", d -> d.uGradient = f32(7, 5)),
            either(
                "uGradient is read-only: F32(2, 7, 5); expected memory that can be written",
                d -> d.uGradient = readOnly(2, 7, 5)),
            either(
                "projectedParts is missing; expected F32(1, 2, 7, 8)",
                d -> d.projectedParts = null),
            either(
                "projectedParts is F32(2, 2, 7, 8); expected F32(1, 2, 7, 8)",
                d -> d.projectedParts = f32(2, 2, 7, 8)),
            either(
                "projectedParts is read-only: F32(1, 2, 7, 8); expected memory that can be written",
                d -> d.projectedParts = readOnly(1, 2, 7, 8)),
            either(
                "parameterParts is missing; expected F32(2, 7, 5)", d -> d.parameterParts = null),
            either(
                "parameterParts is F32(2, 6, 5); expected F32(2, 7, 5)",
                d -> d.parameterParts = f32(2, 6, 5)),
            either(
                "parameterParts is read-only: F32(2, 7, 5); expected memory that can be written",
                d -> d.parameterParts = readOnly(2, 7, 5)))
        .flatMap(refusals -> refusals);
  }

  @ParameterizedTest
  @MethodSource({"scans", "scanDirections"})
  void scan(Refusal refusal) {
    refusal.check();
  }

  /** Valid tensors of a convolution (2, 7, 5) with 3 rows, to be exchanged one by one. */
  private static final class Conv {
    private Columns x = Columns.of(f32(2, 7, 5));
    private Columns xGradient = Columns.of(f32(2, 7, 5));
    private Tensor weight = f32(3, 5);
    private Tensor bias;
    private Tensor outGradient = f32(2, 7, 5);
    private Tensor parts = f32(2, 4, 5);

    Operation build(boolean backward) {
      ConvGradient.Direction valid =
          new ConvGradient.Direction(f32(3, 5), f32(5), f32(2, 7, 5), f32(2, 4, 5));
      ConvGradient.Direction changed = new ConvGradient.Direction(weight, bias, outGradient, parts);
      return backward
          ? new ConvGradient(x, xGradient, valid, changed)
          : new ConvGradient(x, xGradient, changed, null);
    }
  }

  /** A change that is refused in either direction. */
  private static Stream<Refusal> conv(String message, Consumer<Conv> change) {
    return Stream.of(false, true)
        .map(
            backward ->
                new Refusal(
                    "conv gradient: " + message,
                    () -> {
                      Conv conv = new Conv();
                      change.accept(conv);
                      return conv.build(backward);
                    }));
  }

  static Stream<Refusal> convolutions() {
    return Stream.of(
            Stream.of(
                new Refusal(
                    "conv gradient: no direction",
                    () ->
                        new ConvGradient(
                            Columns.of(f32(2, 7, 5)), Columns.of(f32(2, 7, 5)), null, null)),
                new Refusal(
                    "conv gradient: weight is null; expected F32 with 2 axes",
                    () -> {
                      Conv conv = new Conv();
                      conv.weight = null;
                      return conv.build(false);
                    }),
                kernel(1),
                kernel(5)),
            conv("x is missing", c -> c.x = null),
            conv("x is F32(14, 5); expected F32 with 3 axes", c -> c.x = Columns.of(f32(14, 5))),
            conv("xGradient is missing", c -> c.xGradient = null),
            conv(
                "xGradient has 6 columns of F32(2, 7, 6); expected 5 columns of F32(2, 7, ...)",
                c -> c.xGradient = Columns.of(f32(2, 7, 6))),
            conv(
                "xGradient is read-only: F32(2, 7, 5); expected memory that can be written",
                c -> c.xGradient = Columns.of(readOnly(2, 7, 5))),
            conv(
                "xGradient F32(2, 7, 5) shares memory with x F32(2, 7, 5); expected memory of its"
                    + " own",
                c -> c.xGradient = c.x),
            conv(
                "outGradient F32(2, 7, 5) shares memory with xGradient F32(2, 7, 5); expected"
                    + " memory of its own",
                c -> c.outGradient = c.xGradient.tensor()),
            conv("weight is F32(3, 6); expected F32(3, 5)", c -> c.weight = f32(3, 6)),
            conv("bias is F32(3); expected F32(5)", c -> c.bias = f32(3)),
            conv("outGradient is missing; expected F32(2, 7, 5)", c -> c.outGradient = null),
            conv(
                "outGradient is F32(2, 5, 7); expected F32(2, 7, 5)",
                c -> c.outGradient = f32(2, 5, 7)),
            conv("parameterParts is missing; expected F32(2, 4, 5)", c -> c.parts = null),
            conv(
                "parameterParts is F32(2, 3, 5); expected F32(2, 4, 5)",
                c -> c.parts = f32(2, 3, 5)),
            conv(
                "parameterParts is read-only: F32(2, 4, 5); expected memory that can be written",
                c -> c.parts = readOnly(2, 4, 5)))
        .flatMap(refusals -> refusals);
  }

  private static Refusal kernel(long rows) {
    return new Refusal(
        "conv gradient: kernels have 2 to 4 rows, not " + rows,
        () -> {
          Conv conv = new Conv();
          conv.weight = f32(rows, 5);
          return conv.build(false);
        });
  }

  @ParameterizedTest
  @MethodSource("convolutions")
  void convolution(Refusal refusal) {
    refusal.check();
  }

  /** Valid tensors of a norm of (65, 4), to be exchanged one by one. */
  private static final class OfNorm {
    private Norm.Kind kind = Norm.Kind.RMS;
    private Tensor residual = f32(65, 4);
    private Tensor weight = f32(4);
    private float eps;
    private Tensor outGradient = f32(65, 4);
    private Tensor residualGradient = f32(65, 4);
    private Tensor parts = f32(2, 2, 4);

    Operation build() {
      return new NormGradient(kind, residual, weight, eps, outGradient, 1, residualGradient, parts);
    }
  }

  private static Refusal norm(String message, Consumer<OfNorm> change) {
    return new Refusal(
        "norm gradient: " + message,
        () -> {
          OfNorm norm = new OfNorm();
          change.accept(norm);
          return norm.build();
        });
  }

  static Stream<Refusal> norms() {
    return Stream.of(
        norm("kind is missing", n -> n.kind = null),
        norm("residual is missing", n -> n.residual = null),
        norm("residual is F64(65, 4); expected F32", n -> n.residual = f64(65, 4)),
        norm("residual is F32(); expected F32(..., dim)", n -> n.residual = f32()),
        norm("residual is F32(0, 4); expected F32(..., dim)", n -> n.residual = f32(0, 4)),
        norm("weight is missing; expected F32(4)", n -> n.weight = null),
        norm("weight is F32(65); expected F32(4)", n -> n.weight = f32(65)),
        norm("outGradient is missing; expected F32(65, 4)", n -> n.outGradient = null),
        norm(
            "outGradient is F32(5, 13, 4); expected F32(65, 4)",
            n -> n.outGradient = f32(5, 13, 4)),
        norm("residualGradient is missing; expected F32(65, 4)", n -> n.residualGradient = null),
        norm(
            "residualGradient is F32(64, 4); expected F32(65, 4)",
            n -> n.residualGradient = f32(64, 4)),
        norm(
            "residualGradient is read-only: F32(65, 4); expected memory that can be written",
            n -> n.residualGradient = readOnly(65, 4)),
        norm(
            "residualGradient F32(65, 4) shares memory with residual F32(65, 4); expected memory of"
                + " its own",
            n -> n.residualGradient = n.residual),
        norm(
            "residualGradient F32(65, 4) shares memory with outGradient F32(65, 4); expected memory"
                + " of its own",
            n -> n.residualGradient = n.outGradient),
        norm("parameterParts is missing; expected F32(2, 2, 4)", n -> n.parts = null),
        norm("parameterParts is F32(1, 2, 4); expected F32(2, 2, 4)", n -> n.parts = f32(1, 2, 4)),
        norm(
            "parameterParts is read-only: F32(2, 2, 4); expected memory that can be written",
            n -> n.parts = readOnly(2, 2, 4)),
        norm("eps -1.0 is negative", n -> n.eps = -1),
        norm("eps NaN is negative", n -> n.eps = Float.NaN));
  }

  @ParameterizedTest
  @MethodSource("norms")
  void norm(Refusal refusal) {
    refusal.check();
  }

  private static Operation pool(Pool.Kind kind, Tensor input, Tensor outGradient, Tensor gradient) {
    return new PoolGradient(kind, input, 0, 1, 1, outGradient, gradient);
  }

  private static Refusal pooled(long first, long count, long step) {
    return new Refusal(
        "pool gradient: %d tokens from %d with step %d do not fit F32(2, 7, 4)"
            .formatted(count, first, step),
        () -> new PoolGradient(Pool.Kind.MEAN, null, first, count, step, f32(2, 4), f32(2, 7, 4)));
  }

  static Stream<Refusal> pools() {
    Pool.Kind mean = Pool.Kind.MEAN;
    Pool.Kind max = Pool.Kind.MAX;
    Tensor gradient = f32(2, 7, 4);
    Tensor one = f32(2, 1, 4);
    return Stream.of(
        new Refusal("pool gradient: kind is missing", () -> pool(null, null, f32(2, 4), gradient)),
        new Refusal(
            "pool gradient: inputGradient is null; expected F32 with 3 axes",
            () -> pool(mean, null, f32(2, 4), null)),
        new Refusal(
            "pool gradient: inputGradient is F32(7, 4); expected F32 with 3 axes",
            () -> pool(mean, null, f32(2, 4), f32(7, 4))),
        new Refusal(
            "pool gradient: inputGradient is empty: F32(2, 0, 4)",
            () -> pool(mean, null, f32(2, 4), f32(2, 0, 4))),
        new Refusal(
            "pool gradient: inputGradient is read-only: F32(2, 7, 4); expected memory that can be"
                + " written",
            () -> pool(mean, null, f32(2, 4), readOnly(2, 7, 4))),
        new Refusal(
            "pool gradient: outGradient is missing; expected F32(2, 4)",
            () -> pool(mean, null, null, gradient)),
        new Refusal(
            "pool gradient: outGradient is F32(4, 2); expected F32(2, 4)",
            () -> pool(mean, null, f32(4, 2), gradient)),
        new Refusal(
            "pool gradient: inputGradient F32(2, 1, 4) shares memory with outGradient F32(2, 4);"
                + " expected memory of its own",
            () -> pool(mean, null, one.reshape(Shape.of(2, 4)), one)),
        new Refusal(
            "pool gradient: input is missing; expected F32(2, 7, 4)",
            () -> pool(max, null, f32(2, 4), gradient)),
        new Refusal(
            "pool gradient: input is F32(2, 6, 4); expected F32(2, 7, 4)",
            () -> pool(max, f32(2, 6, 4), f32(2, 4), gradient)),
        new Refusal(
            "pool gradient: inputGradient F32(2, 7, 4) shares memory with input F32(2, 7, 4);"
                + " expected memory of its own",
            () -> pool(max, gradient, f32(2, 4), gradient)),
        new Refusal(
            "pool gradient: a mean needs no input, and F32(2, 7, 4) is given",
            () -> pool(mean, f32(2, 7, 4), f32(2, 4), gradient)),
        pooled(0, 8, 1),
        pooled(7, 1, 1),
        pooled(-1, 1, 1),
        pooled(0, 0, 1),
        pooled(0, 2, 0),
        pooled(0, 2, Long.MAX_VALUE));
  }

  @ParameterizedTest
  @MethodSource("pools")
  void pool(Refusal refusal) {
    refusal.check();
  }
}
