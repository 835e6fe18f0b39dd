package io.panamba.tests.errors;

import static io.panamba.tests.errors.Refusal.f32;
import static io.panamba.tests.errors.Refusal.f64;
import static io.panamba.tests.errors.Refusal.readOnly;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.CausalConv;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.Rotary;
import io.panamba.runtime.operation.SelectiveScan;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Convolutions, scans and rotary embeddings whose tensors do not fit each other. */
class SequenceErrorTest {
  private static Operation conv(Tensor x, Tensor weight, Tensor bias, Tensor out) {
    return CausalConv.of(Columns.of(x), new CausalConv.Direction(weight, bias, out), null);
  }

  private static CausalConv.Direction direction(Tensor weight, Tensor out) {
    return new CausalConv.Direction(weight, null, out);
  }

  static Stream<Refusal> convolutions() {
    Tensor x = f32(2, 7, 5);
    Tensor weight = f32(4, 5);
    Tensor out = f32(2, 7, 5);
    return Stream.of(
        new Refusal("causal conv: no direction", () -> CausalConv.of(Columns.of(x), null, null)),
        new Refusal(
            "causal conv: x is missing",
            () -> CausalConv.of(null, new CausalConv.Direction(weight, null, out), null)),
        new Refusal(
            "causal conv: x is F32(14, 5); expected (batch, length, ...)",
            () -> conv(f32(14, 5), weight, null, out)),
        new Refusal(
            "causal conv: kernels have 2 to 4 rows, both directions the same; one is (5, 5)",
            () -> conv(x, f32(5, 5), null, out)),
        new Refusal(
            "causal conv: kernels have 2 to 4 rows, both directions the same; one is (1, 5)",
            () -> conv(x, f32(1, 5), null, out)),
        new Refusal(
            "causal conv: kernels have 2 to 4 rows, both directions the same; one is (3, 5)",
            () ->
                CausalConv.of(
                    Columns.of(x),
                    new CausalConv.Direction(weight, null, out),
                    new CausalConv.Direction(f32(3, 5), null, f32(2, 7, 5)))),
        new Refusal(
            "causal conv: weight is F32(4, 1, 5); expected F32 with 2 axes",
            () -> conv(x, f32(4, 1, 5), null, out)),
        new Refusal(
            "causal conv: weight is null; expected F32 with 2 axes",
            () -> conv(x, null, null, out)),
        new Refusal(
            "causal conv: weight is F32(4, 6); expected F32(4, 5)",
            () -> conv(x, f32(4, 6), null, out)),
        new Refusal(
            "causal conv: bias is F32(4); expected F32(5)", () -> conv(x, weight, f32(4), out)),
        new Refusal(
            "causal conv: out is F32(2, 5, 7); expected F32(2, 7, 5)",
            () -> conv(x, weight, null, f32(2, 5, 7))),
        new Refusal(
            "causal conv: no 3 rows from 5 in x F32(2, 7, 5)",
            () -> new CausalConv(Columns.of(x), 5, 3, direction(weight, f32(2, 3, 5)), null)),
        new Refusal(
            "causal conv: no 1 rows from -1 in x F32(2, 7, 5)",
            () -> new CausalConv(Columns.of(x), -1, 1, direction(weight, f32(2, 1, 5)), null)),
        new Refusal(
            "causal conv: out is F32(2, 7, 5); expected F32(2, 3, 5)",
            () -> new CausalConv(Columns.of(x), 2, 3, direction(weight, out), null)),
        new Refusal(
            "causal conv: out is missing; expected F32(2, 7, 5)",
            () -> conv(x, weight, null, null)),
        new Refusal(
            "causal conv: out is read-only: F32(2, 7, 5); expected memory that can be written",
            () -> conv(x, weight, null, readOnly(2, 7, 5))),
        new Refusal(
            "causal conv: out F32(2, 7, 5) shares memory with x F32(2, 7, 5); expected memory of"
                + " its own",
            () -> conv(x, weight, null, x)),
        new Refusal(
            "causal conv: forward out F32(2, 7, 5) shares memory with backward out F32(2, 7, 5);"
                + " expected memory of its own",
            () ->
                CausalConv.of(
                    Columns.of(x),
                    new CausalConv.Direction(weight, null, out),
                    new CausalConv.Direction(weight, null, out))));
  }

  @ParameterizedTest
  @MethodSource("convolutions")
  void causalConv(Refusal refusal) {
    refusal.check();
  }

  /** Valid tensors of a scan (2, 7, 5) with 3 states and rank 2, to be exchanged one by one. */
  private static final class Scan {
    private Tensor u = f32(2, 7, 5);
    private Tensor projected = f32(2, 7, 8);
    private Tensor dtWeight = f32(2, 5);
    private Tensor dtBias;
    private Tensor a = f32(3, 5);
    private Tensor d;
    private Tensor initial;
    private Tensor last;
    private Tensor saved;
    private Columns gate;
    private Tensor imageScale;
    private int interval;
    private Tensor out = f32(2, 7, 5);

    Operation build() {
      return new SelectiveScan(
          new SelectiveScan.Direction(u, projected, dtWeight, dtBias, a, d, initial, last, saved),
          null,
          gate,
          1,
          imageScale,
          interval,
          false,
          out);
    }
  }

  private static Refusal scan(String message, Consumer<Scan> change) {
    return new Refusal(
        "selective scan: " + message,
        () -> {
          Scan scan = new Scan();
          change.accept(scan);
          return scan.build();
        });
  }

  static Stream<Refusal> scans() {
    return Stream.of(
        new Refusal(
            "selective scan: no direction",
            () -> new SelectiveScan(null, null, null, 1, null, 0, false, f32(2, 7, 5))),
        scan("u is F32(2, 7, 6); expected F32(2, 7, 5)", s -> s.u = f32(2, 7, 6)),
        scan("u is missing; expected F32(2, 7, 5)", s -> s.u = null),
        scan("projected is F32(2, 7, 7); expected F32(2, 7, 8)", s -> s.projected = f32(2, 7, 7)),
        scan("projected is missing; expected F32(2, 7, 8)", s -> s.projected = null),
        scan("dtWeight is F32(2, 6); expected F32(2, 5)", s -> s.dtWeight = f32(2, 6)),
        scan("dtWeight is null; expected F32 with 2 axes", s -> s.dtWeight = null),
        scan("dtWeight is empty: F32(0, 5)", s -> s.dtWeight = f32(0, 5)),
        scan("dtBias is F32(1, 5); expected F32(5)", s -> s.dtBias = f32(1, 5)),
        scan("a is F32(3, 4); expected F32(3, 5)", s -> s.a = f32(3, 4)),
        scan("a is F64(3, 5); expected F32 with 2 axes", s -> s.a = f64(3, 5)),
        scan("65 states; at most 64", s -> s.a = f32(65, 5)),
        scan("d is F32(4); expected F32(5)", s -> s.d = f32(4)),
        scan("initialState is F32(3, 5); expected F32(2, 3, 5)", s -> s.initial = f32(3, 5)),
        scan("finalState is F32(2, 5, 3); expected F32(2, 3, 5)", s -> s.last = f32(2, 5, 3)),
        scan(
            "finalState is read-only: F32(2, 3, 5); expected memory that can be written",
            s -> s.last = readOnly(2, 3, 5)),
        scan("imageScale is F32(7); expected F32(2)", s -> s.imageScale = f32(7)),
        scan("states are saved every 1 to 64 rows, not 65", s -> s.interval = 65),
        scan("states are saved every 1 to 64 rows, not -1", s -> s.interval = -1),
        scan("states are saved every 1 to 64 rows, not 0", s -> s.saved = f32(2, 7, 3, 5)),
        scan(
            "savedStates is F32(2, 2, 3, 5); expected F32(2, 3, 3, 5)",
            s -> {
              s.saved = f32(2, 2, 3, 5);
              s.interval = 3;
            }),
        scan(
            "savedStates is read-only: F32(2, 3, 3, 5); expected memory that can be written",
            s -> {
              s.saved = readOnly(2, 3, 3, 5);
              s.interval = 3;
            }),
        scan(
            "out is read-only: F32(2, 7, 5); expected memory that can be written",
            s -> s.out = readOnly(2, 7, 5)),
        scan("out is F32(7, 5); expected F32 or BF16 with 3 axes", s -> s.out = f32(7, 5)),
        scan(
            "gate has 6 columns of F32(2, 7, 6); expected 5 columns of F32(2, 7, ...)",
            s -> s.gate = Columns.of(f32(2, 7, 6))),
        scan(
            "gate has 5 columns of F32(7, 2, 5); expected 5 columns of F32(2, 7, ...)",
            s -> s.gate = Columns.of(f32(7, 2, 5))));
  }

  @ParameterizedTest
  @MethodSource("scans")
  void selectiveScan(Refusal refusal) {
    refusal.check();
  }

  private static Operation rotary(Tensor x, Tensor cos, Tensor sin, long first, Tensor out) {
    return new Rotary(x, cos, sin, first, out);
  }

  static Stream<Refusal> rotaries() {
    Tensor x = f32(2, 7, 4);
    Tensor table = f32(6, 4);
    return Stream.of(
        new Refusal(
            "rotary: x is F32(14, 4); expected F32 with 3 axes",
            () -> rotary(f32(14, 4), table, table, 1, x)),
        new Refusal(
            "rotary: cos is F32(6, 5); expected F32(6, 4)",
            () -> rotary(x, f32(6, 5), table, 1, x)),
        new Refusal(
            "rotary: sin is F32(5, 4); expected F32(6, 4)",
            () -> rotary(x, table, f32(5, 4), 1, x)),
        new Refusal(
            "rotary: sin is missing; expected F32(6, 4)", () -> rotary(x, table, null, 1, x)),
        new Refusal(
            "rotary: out is F32(2, 6, 4); expected F32(2, 7, 4)",
            () -> rotary(x, table, table, 1, f32(2, 6, 4))),
        new Refusal(
            "rotary: out is read-only: F32(2, 7, 4); expected memory that can be written",
            () -> rotary(x, table, table, 1, readOnly(2, 7, 4))),
        new Refusal(
            "rotary: pairs need an even dim; x is F32(2, 7, 3)",
            () -> rotary(f32(2, 7, 3), f32(6, 3), f32(6, 3), 1, f32(2, 7, 3))),
        new Refusal(
            "rotary: 6 positions from token 2 do not fit F32(2, 7, 4)",
            () -> rotary(x, table, table, 2, x)),
        new Refusal(
            "rotary: 6 positions from token -1 do not fit F32(2, 7, 4)",
            () -> rotary(x, table, table, -1, x)));
  }

  @ParameterizedTest
  @MethodSource("rotaries")
  void rotary(Refusal refusal) {
    refusal.check();
  }
}
