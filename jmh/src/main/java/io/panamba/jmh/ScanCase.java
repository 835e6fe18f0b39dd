package io.panamba.jmh;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.SelectiveScan;
import java.lang.foreign.Arena;
import java.util.Random;

/** A scan of both directions with the widths of Vim-Ti, on random numbers, and its check. */
final class ScanCase {
  static final int INNER = 384;
  static final int RANK = 12;
  static final int STATES = 16;
  private static final double TOLERANCE = 1e-4;
  private static final int CHANNEL = 11;

  private final Random random = new Random(1);
  private final Arena arena;
  private final int length;
  final SelectiveScan.Direction forward;
  final SelectiveScan.Direction backward;
  final Tensor gate;
  final Tensor out;

  ScanCase(Arena arena, int length) {
    this.arena = arena;
    this.length = length;
    forward = direction();
    backward = direction();
    gate = random(1, 1, length, INNER);
    out = Tensor.allocate(arena, DType.F32, Shape.of(1, length, INNER));
  }

  static final float SCALE = 0.5f;

  SelectiveScan operation() {
    return new SelectiveScan(forward, backward, Columns.of(gate), SCALE, null, 0, false, out);
  }

  private Tensor random(double scale, long... sizes) {
    Tensor tensor = Tensor.allocate(arena, DType.F32, Shape.of(sizes));
    float[] values = new float[Math.toIntExact(tensor.shape().elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (scale * (2 * random.nextDouble() - 1));
    }
    tensor.copyFrom(values);
    return tensor;
  }

  private SelectiveScan.Direction direction() {
    float[] a = new float[STATES * INNER];
    for (int i = 0; i < a.length; i++) {
      a[i] = (float) (-(1 + i / INNER) / Math.log(2));
    }
    return new SelectiveScan.Direction(
        random(1, 1, length, INNER),
        random(1, 1, length, RANK + 2 * STATES),
        random(0.3, RANK, INNER),
        random(3, INNER),
        Tensor.of(arena, Shape.of(STATES, INNER), a),
        random(1, INNER),
        null,
        null,
        null);
  }

  /** Compares one channel of the output with a loop in double precision. */
  void check() {
    double[] ahead = scan(forward, false);
    double[] behind = scan(backward, true);
    float[] gates = gate.toFloats();
    float[] results = out.toFloats();
    for (int t = 0; t < length; t++) {
      int place = t * INNER + CHANNEL;
      double expected = SCALE * gates[place] * (ahead[t] + behind[t]);
      if (!(Math.abs(expected - results[place]) <= TOLERANCE * Math.max(1, Math.abs(expected)))) {
        throw new IllegalStateException(
            "row %d of the scan: expected %s, found %s".formatted(t, expected, results[place]));
      }
    }
  }

  private double[] scan(SelectiveScan.Direction d, boolean reversed) {
    float[] u = d.u().toFloats();
    float[] projected = d.projected().toFloats();
    float[] weight = d.dtWeight().toFloats();
    double bias = d.dtBias().toFloats()[CHANNEL];
    double skip = d.d().toFloats()[CHANNEL];
    int width = RANK + 2 * STATES;
    double[] h = new double[STATES];
    double[] y = new double[length];
    for (int i = 0; i < length; i++) {
      int t = reversed ? length - 1 - i : i;
      double v = bias;
      for (int r = 0; r < RANK; r++) {
        v += (double) weight[r * INNER + CHANNEL] * projected[t * width + r];
      }
      double dt = Math.log1p(Math.exp(v));
      double input = u[t * INNER + CHANNEL];
      y[t] = skip * input;
      for (int n = 0; n < STATES; n++) {
        h[n] = Math.exp(-dt * (n + 1)) * h[n] + dt * input * projected[t * width + RANK + n];
        y[t] += h[n] * projected[t * width + RANK + STATES + n];
      }
    }
    return y;
  }
}
