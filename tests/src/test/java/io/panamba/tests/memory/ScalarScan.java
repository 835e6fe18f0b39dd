package io.panamba.tests.memory;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.SelectiveScan.Direction;

/** The selective scan, step by step, in double precision. */
final class ScalarScan {
  private final int batch;
  private final int length;
  private final int channels;
  private final int states;
  private final int dtRank;

  ScalarScan(int batch, int length, int channels, int states, int dtRank) {
    this.batch = batch;
    this.length = length;
    this.channels = channels;
    this.states = states;
    this.dtRank = dtRank;
  }

  private static float[] floats(Tensor tensor) {
    return tensor == null ? null : tensor.toFloats();
  }

  private static float at(float[] values, int i) {
    return values == null ? 0 : values[i];
  }

  /** The final state of one direction, and y added to out. */
  Values run(Direction direction, boolean backward, Values out) {
    float[] u = direction.u().toFloats();
    float[] projected = direction.projected().toFloats();
    float[] a = direction.a().toFloats();
    float[] d = floats(direction.d());
    float[] initial = floats(direction.initialState());
    float[] dtWeight = direction.dtWeight().toFloats();
    float[] dtBias = floats(direction.dtBias());
    Values state = new Values(batch * states * channels);
    for (int i = 0; i < state.count(); i++) {
      state.add(i, at(initial, i));
    }
    for (int step = 0; step < batch * length; step++) {
      int b = step / length;
      int t = backward ? length - 1 - step % length : step % length;
      int row = (b * length + t) * (dtRank + 2 * states);
      for (int channel = 0; channel < channels; channel++) {
        double raw = at(dtBias, channel);
        for (int r = 0; r < dtRank; r++) {
          raw += (double) projected[row + r] * dtWeight[r * channels + channel];
        }
        double dt = ScalarOperations.softplus(raw);
        int element = (b * length + t) * channels + channel;
        for (int n = 0; n < states; n++) {
          int i = (b * states + n) * channels + channel;
          double decay = Math.pow(2, dt * a[n * channels + channel]);
          double input = dt * u[element] * projected[row + dtRank + n];
          double magnitude = decay * state.magnitude(i) + Math.abs(input);
          state.set(i, decay * state.value(i) + input, magnitude);
          double c = projected[row + dtRank + states + n];
          out.add(element, c * state.value(i), c * magnitude);
        }
        out.add(element, (double) at(d, channel) * u[element]);
      }
    }
    return state;
  }

  /** Scales and gates the sum of the directions. */
  static Values gated(Values sum, float[] gate, double scale) {
    Values out = new Values(sum.count());
    for (int i = 0; i < sum.count(); i++) {
      double factor = scale * (gate == null ? 1 : gate[i]);
      out.set(i, sum.value(i) * factor, sum.magnitude(i) * Math.abs(factor));
    }
    return out;
  }
}
