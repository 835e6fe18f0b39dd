package io.panamba.tests.errors;

import static io.panamba.tests.errors.Refusal.f32;
import static io.panamba.tests.errors.Refusal.f64;
import static io.panamba.tests.errors.Refusal.readOnly;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.CrossScan;
import io.panamba.runtime.operation.CrossScanGradient;
import io.panamba.runtime.operation.Grid;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Cross scans and their gradients whose tensors do not fit each other. */
class CrossScanErrorTest {
  /**
   * Valid tensors of two images of 2 x 3 pixels and 5 channels, with 3 states and rank 2, to be
   * exchanged one by one.
   */
  private static final class Scan {
    private boolean present = true;
    private Grid grid = new Grid(2, 3);
    private CrossScan.Walks walks = CrossScan.Walks.CROSS;
    private Tensor u = f32(2, 6, 5);
    private Tensor projected = f32(2, 6, 32);
    private Tensor dtWeight = f32(4, 2, 5);
    private Tensor dtBias;
    private Tensor a = f32(4, 3, 5);
    private Tensor d;
    private Tensor saved = f32(4, 2, 2, 3, 5);
    private int interval = 4;
    private Tensor out = f32(2, 6, 5);
    private Tensor outGradient = f32(2, 6, 5);
    private Tensor uGradient = f32(2, 6, 5);
    private Tensor projectedParts = f32(1, 2, 6, 32);
    private Tensor parameterParts = f32(2, 28, 5);

    private CrossScan.Inputs inputs() {
      return present
          ? new CrossScan.Inputs(grid, walks, u, projected, dtWeight, dtBias, a, d)
          : null;
    }

    CrossScan scan() {
      return new CrossScan(inputs(), saved, interval, out);
    }

    CrossScanGradient gradient() {
      return new CrossScanGradient(
          inputs(), saved, interval, outGradient, uGradient, projectedParts, parameterParts);
    }
  }

  private static Scan changed(Consumer<Scan> change) {
    Scan scan = new Scan();
    change.accept(scan);
    return scan;
  }

  private static Refusal scan(String message, Consumer<Scan> change) {
    return new Refusal("cross scan: " + message, () -> changed(change).scan());
  }

  private static Refusal gradient(String message, Consumer<Scan> change) {
    return new Refusal("cross scan gradient: " + message, () -> changed(change).gradient());
  }

  /** A change that both refuse. */
  private static Stream<Refusal> either(String message, Consumer<Scan> change) {
    return Stream.of(scan(message, change), gradient(message, change));
  }

  static Stream<Refusal> inputs() {
    return Stream.of(
            either("inputs is missing", s -> s.present = false),
            either("grid is missing", s -> s.grid = null),
            either("walks is missing", s -> s.walks = null),
            either("u is null; expected F32 or BF16 with 3 axes", s -> s.u = null),
            either("u is F64(2, 6, 5); expected F32 or BF16 with 3 axes", s -> s.u = f64(2, 6, 5)),
            either(
                "u is F32(2, 2, 3, 5); expected F32 or BF16 with 3 axes",
                s -> s.u = f32(2, 2, 3, 5)),
            either("u is F32(2, 6, 5); expected F32(2, 8, 5)", s -> s.grid = new Grid(2, 4)),
            either("u is empty: F32(0, 6, 5)", s -> s.u = f32(0, 6, 5)),
            either(
                "projected is F32(2, 6, 31); expected F32(2, 6, 32)",
                s -> s.projected = f32(2, 6, 31)),
            either("projected is missing; expected F32(2, 6, 32)", s -> s.projected = null),
            either("dtWeight is null; expected F32 with 3 axes", s -> s.dtWeight = null),
            either(
                "dtWeight is F32(3, 2, 5); expected F32(4, 2, 5)", s -> s.dtWeight = f32(3, 2, 5)),
            either("dtBias is F32(5); expected F32(4, 5)", s -> s.dtBias = f32(5)),
            either("a is F32(3, 5); expected F32 with 3 axes", s -> s.a = f32(3, 5)),
            either("a is F32(1, 3, 5); expected F32(4, 3, 5)", s -> s.a = f32(1, 3, 5)),
            either("65 states; at most 64", s -> s.a = f32(4, 65, 5)),
            either("d is F32(5); expected F32(4, 5)", s -> s.d = f32(5)),
            either("states are saved every 1 to 64 rows, not 0", s -> s.interval = 0),
            either("states are saved every 1 to 64 rows, not 65", s -> s.interval = 65),
            either(
                "savedStates is F32(2, 4, 2, 3, 5); expected F32(4, 2, 2, 3, 5)",
                s -> s.saved = f32(2, 4, 2, 3, 5)),
            either(
                "savedStates is read-only: F32(4, 2, 2, 3, 5); expected memory that can be written",
                s -> s.saved = readOnly(4, 2, 2, 3, 5)))
        .flatMap(refusals -> refusals);
  }

  static Stream<Refusal> scans() {
    return Stream.of(
        scan(
            "states are saved every 1 to 64 rows, not -1",
            s -> {
              s.saved = null;
              s.interval = -1;
            }),
        scan("out is missing; expected F32(2, 6, 5)", s -> s.out = null),
        scan("out is F32(2, 3, 5); expected F32(2, 6, 5)", s -> s.out = f32(2, 3, 5)),
        scan(
            "out is read-only: F32(2, 6, 5); expected memory that can be written",
            s -> s.out = readOnly(2, 6, 5)),
        scan(
            "out F32(2, 6, 5) shares memory with u F32(2, 6, 5); expected memory of its own",
            s -> s.out = s.u));
  }

  static Stream<Refusal> gradients() {
    return Stream.of(
        gradient("savedStates is missing; expected F32(4, 2, 2, 3, 5)", s -> s.saved = null),
        gradient("outGradient is missing; expected F32(2, 6, 5)", s -> s.outGradient = null),
        gradient(
            "outGradient is F32(2, 5, 6); expected F32(2, 6, 5)",
            s -> s.outGradient = f32(2, 5, 6)),
        gradient("uGradient is missing; expected F32(2, 6, 5)", s -> s.uGradient = null),
        gradient(
            "uGradient is read-only: F32(2, 6, 5); expected memory that can be written",
            s -> s.uGradient = readOnly(2, 6, 5)),
        gradient(
            "uGradient F32(2, 6, 5) shares memory with u F32(2, 6, 5); expected memory of its own",
            s -> s.uGradient = s.u),
        gradient(
            "uGradient F32(2, 6, 5) shares memory with outGradient F32(2, 6, 5); expected memory"
                + " of its own",
            s -> s.uGradient = s.outGradient),
        gradient(
            "projectedParts is F32(2, 2, 6, 32); expected F32(1, 2, 6, 32)",
            s -> s.projectedParts = f32(2, 2, 6, 32)),
        gradient(
            "projectedParts is missing; expected F32(1, 2, 6, 32)", s -> s.projectedParts = null),
        gradient(
            "parameterParts is F32(2, 7, 5); expected F32(2, 28, 5)",
            s -> s.parameterParts = f32(2, 7, 5)),
        gradient(
            "parameterParts is read-only: F32(2, 28, 5); expected memory that can be written",
            s -> s.parameterParts = readOnly(2, 28, 5)));
  }

  @ParameterizedTest
  @MethodSource({"inputs", "scans", "gradients"})
  void crossScan(Refusal refusal) {
    refusal.check();
  }
}
