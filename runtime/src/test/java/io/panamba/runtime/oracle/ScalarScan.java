package io.panamba.runtime.oracle;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.SelectiveScan;

/** The selective scan, step by step, of all channels or of a few. */
public final class ScalarScan {
  private final SelectiveScan operation;
  private final int first;
  private final int channels;
  private final int batch;
  private final int length;
  private final int states;
  private final int dtRank;

  /**
   * A scan of every channel.
   *
   * @param operation which
   */
  public ScalarScan(SelectiveScan operation) {
    this(operation, 0, Math.toIntExact(operation.out().shape().size(2)));
  }

  /**
   * A scan of some channels, which don't mix.
   *
   * @param operation which
   * @param first the first channel
   * @param channels how many
   */
  public ScalarScan(SelectiveScan operation, int first, int channels) {
    this.operation = operation;
    this.first = first;
    this.channels = channels;
    batch = Math.toIntExact(operation.out().shape().size(0));
    length = Math.toIntExact(operation.out().shape().size(1));
    states = Math.toIntExact(operation.states());
    dtRank = Math.toIntExact(operation.dtRank());
  }

  /** The chosen channels of a tensor whose columns are all channels; null of null. */
  private float[] chosen(Tensor tensor) {
    return tensor == null ? null : Floats.of(new Columns(tensor, first, channels));
  }

  /**
   * The sum that directions add to.
   *
   * @param before what {@code out} held, which counts if the operation accumulates
   * @return (batch, length, chosen channels)
   */
  public Values sum(float[] before) {
    Values sum = new Values(batch * length * channels);
    if (operation.accumulate()) {
      float[] old = Floats.of(new Columns(operation.out(), first, channels), before);
      for (int i = 0; i < sum.count(); i++) {
        sum.add(i, old[i]);
      }
    }
    return sum;
  }

  /**
   * Adds one direction's y to the sum.
   *
   * @param direction which
   * @param backward whether it runs from last to first
   * @param sum (batch, length, chosen channels)
   * @return the final state, (batch, states, chosen channels)
   */
  public Values run(SelectiveScan.Direction direction, boolean backward, Values sum) {
    float[] u = chosen(direction.u());
    float[] projected = Floats.of(direction.projected());
    float[] a = chosen(direction.a());
    float[] d = chosen(direction.d());
    float[] initial = chosen(direction.initialState());
    float[] dtWeight = chosen(direction.dtWeight());
    float[] dtBias = chosen(direction.dtBias());
    Values state = new Values(batch * states * channels);
    for (int i = 0; i < state.count(); i++) {
      state.add(i, Floats.at(initial, i));
    }
    for (int step = 0; step < batch * length; step++) {
      int b = step / length;
      int t = backward ? length - 1 - step % length : step % length;
      int row = (b * length + t) * (dtRank + 2 * states);
      for (int channel = 0; channel < channels; channel++) {
        double raw = Floats.at(dtBias, channel);
        for (int r = 0; r < dtRank; r++) {
          raw += (double) projected[row + r] * dtWeight[r * channels + channel];
        }
        double dt = ScalarFunctions.softplus(raw);
        int element = (b * length + t) * channels + channel;
        for (int n = 0; n < states; n++) {
          int i = (b * states + n) * channels + channel;
          double decay = Math.pow(2, dt * a[n * channels + channel]);
          double input = dt * u[element] * projected[row + dtRank + n];
          double magnitude = decay * state.magnitude(i) + Math.abs(input);
          state.set(i, decay * state.value(i) + input, magnitude);
          double c = projected[row + dtRank + states + n];
          sum.add(element, c * state.value(i), c * magnitude);
        }
        sum.add(element, (double) Floats.at(d, channel) * u[element]);
      }
    }
    return state;
  }

  /**
   * Scales and gates the sum of the directions.
   *
   * @param sum (batch, length, chosen channels)
   * @return the result, of the same shape
   */
  public Values out(Values sum) {
    Columns columns = operation.gate();
    float[] gate =
        columns == null
            ? null
            : Floats.of(new Columns(columns.tensor(), columns.first() + first, channels));
    float[] imageScale = Floats.of(operation.imageScale());
    Values out = new Values(sum.count());
    for (int i = 0; i < sum.count(); i++) {
      double factor = operation.scale();
      factor *= gate == null ? 1 : ScalarFunctions.silu(gate[i]);
      factor *= imageScale == null ? 1 : imageScale[i / (length * channels)];
      out.set(i, sum.value(i) * factor, sum.magnitude(i) * Math.abs(factor));
    }
    return out;
  }
}
