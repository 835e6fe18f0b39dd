package io.panamba.jmh;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.SelectiveScan;
import io.panamba.runtime.oracle.Floats;
import io.panamba.runtime.oracle.ScalarScan;
import io.panamba.runtime.oracle.Values;
import java.lang.foreign.Arena;
import java.util.Random;

/** A scan of both directions with the widths of Vim-Ti, on random numbers, and its check. */
final class ScanCase {
  static final int INNER = 384;
  static final int RANK = 12;
  static final int STATES = 16;

  /** Of a result's magnitude: well above what float32 rounds, in whatever order. */
  private static final double BOUND = 2e-6;

  /** The channels that are checked lie in two vectors. */
  private static final int CHANNEL = 13;

  private static final int CHANNELS = 6;

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

  /** Compares some channels of the output with double precision. */
  void check() {
    ScalarScan expected = new ScalarScan(operation(), CHANNEL, CHANNELS);
    Values sum = new Values(length * CHANNELS);
    expected.run(forward, false, sum);
    expected.run(backward, true, sum);
    expected
        .out(sum)
        .assertClose(Floats.of(new Columns(out, CHANNEL, CHANNELS)), BOUND, "selective scan");
  }
}
