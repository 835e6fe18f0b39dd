package io.panamba.runtime.oracle;

import io.panamba.runtime.operation.ScanGradient;
import io.panamba.runtime.operation.SelectiveScan;

/** The gradient of the selective scan, step by step. */
public final class ScalarScanGradient {
  private static final double BOUND = 4e-6;
  private static final double LOG2 = Math.log(2);

  /**
   * What one direction leaves.
   *
   * @param uGradient the gradient of u
   * @param projectedParts the parts of that of dt, B and C
   * @param parameterParts the parts of its parameters' gradients
   */
  public record Results(Values uGradient, Values projectedParts, Values parameterParts) {}

  private final ScanGradient operation;
  private final int batch;
  private final int length;
  private final int channels;
  private final int states;
  private final int dtRank;
  private final float[] outGradient;
  private final float[] z;
  private final Values out;
  private final Values zGradient;
  private double argumentError;

  /**
   * A gradient of no direction yet.
   *
   * @param operation which
   */
  public ScalarScanGradient(ScanGradient operation) {
    this.operation = operation;
    outGradient = Floats.of(operation.outGradient());
    batch = Math.toIntExact(operation.outGradient().shape().size(0));
    length = Math.toIntExact(operation.outGradient().shape().size(1));
    channels = Math.toIntExact(operation.outGradient().shape().size(2));
    states = Math.toIntExact(operation.states());
    dtRank = Math.toIntExact(operation.dtRank());
    z = Floats.of(operation.z());
    out = new Values(outGradient.length);
    zGradient = new Values(outGradient.length);
  }

  /**
   * What the directions so far make of out.
   *
   * @return (batch, length, channels)
   */
  public Values out() {
    return out;
  }

  /**
   * What the directions so far make of the gradient of z.
   *
   * @return (batch, length, channels)
   */
  public Values zGradient() {
    return zGradient;
  }

  /**
   * The bound on what the directions so far have left: beside that of the sums, softplus and its
   * slope are off by what rounding does to their argument.
   *
   * @return relative to the magnitudes
   */
  public double bound() {
    return BOUND + argumentError;
  }

  /**
   * Runs one direction.
   *
   * @param direction which
   * @param backward whether it runs from last to first
   * @return what it leaves
   */
  public Results run(ScanGradient.Direction direction, boolean backward) {
    Results results =
        new Results(
            new Values(outGradient.length),
            new Values(
                Math.toIntExact(ScanGradient.parts(channels))
                    * batch
                    * length
                    * (dtRank + 2 * states)),
            new Values(batch * (states + dtRank + 2) * channels));
    for (int image = 0; image < batch; image++) {
      for (int channel = 0; channel < channels; channel++) {
        new Channel(direction.scan(), backward, image, channel, results).run();
      }
    }
    return results;
  }

  /** One channel of one image in one direction; i counts rows in the order of time. */
  private final class Channel {
    private final boolean backward;
    private final int image;
    private final int channel;
    private final Results results;
    private final double scale;
    private final float[] u;
    private final float[] projected;
    private final float[] dtWeight;
    private final float[] dtBias;
    private final float[] a;
    private final float[] d;
    private final double[] dt = new double[length];
    private final double[] slope = new double[length];
    private final double[] decays = new double[length * states];
    private final Values h = new Values(length * states);

    Channel(
        SelectiveScan.Direction scan, boolean backward, int image, int channel, Results results) {
      this.backward = backward;
      this.image = image;
      this.channel = channel;
      this.results = results;
      float[] imageScale = Floats.of(operation.imageScale());
      scale = operation.scale() * (imageScale == null ? 1.0 : imageScale[image]);
      u = Floats.of(scan.u());
      projected = Floats.of(scan.projected());
      dtWeight = Floats.of(scan.dtWeight());
      dtBias = Floats.of(scan.dtBias());
      a = Floats.of(scan.a());
      d = Floats.of(scan.d());
    }

    private int row(int i) {
      return image * length + (backward ? length - 1 - i : i);
    }

    private int element(int i) {
      return row(i) * channels + channel;
    }

    /** Where a row's dt, B and C begin. */
    private int projection(int i) {
      return row(i) * (dtRank + 2 * states);
    }

    private double gate(int i) {
      return z == null ? 1 : ScalarFunctions.silu(z[element(i)]);
    }

    void run() {
      for (int i = 0; i < length; i++) {
        forward(i);
      }
      Values g = new Values(states);
      for (int i = length - 1; i >= 0; i--) {
        backward(i, g);
      }
    }

    private void forward(int i) {
      Values argument = new Values(1);
      argument.add(0, Floats.at(dtBias, channel));
      for (int r = 0; r < dtRank; r++) {
        argument.add(0, (double) projected[projection(i) + r] * dtWeight[r * channels + channel]);
      }
      argumentError =
          Math.max(argumentError, Math.sqrt(dtRank + 1) * 0x1p-24 * argument.magnitude(0));
      dt[i] = ScalarFunctions.softplus(argument.value(0));
      slope[i] = ScalarFunctions.sigmoid(argument.value(0));
      Values y = new Values(1);
      y.add(0, (double) Floats.at(d, channel) * u[element(i)]);
      for (int n = 0; n < states; n++) {
        int state = i * states + n;
        double decay = Math.pow(2, dt[i] * a[n * channels + channel]);
        double c = projected[projection(i) + dtRank + states + n];
        decays[state] = decay;
        h.add(state, dt[i] * u[element(i)] * projected[projection(i) + dtRank + n]);
        if (i > 0) {
          h.add(state, decay * h.value(state - states), decay * h.magnitude(state - states));
        }
        y.add(0, c * h.value(state), c * h.magnitude(state));
      }
      double factor = scale * gate(i);
      out.add(element(i), factor * y.value(0), factor * y.magnitude(0));
      if (z != null) {
        double v = z[element(i)];
        double sigmoid = ScalarFunctions.sigmoid(v);
        double gradient = scale * outGradient[element(i)] * sigmoid;
        // The terms of SiLU's slope cancel where it crosses zero.
        zGradient.add(
            element(i),
            gradient * (1 + v * (1 - sigmoid)) * y.value(0),
            gradient * (1 + Math.abs(v)) * y.magnitude(0));
      }
    }

    /** Row i, from the gradient of the states after it, which becomes that of the states at it. */
    private void backward(int i, Values g) {
      double dy = outGradient[element(i)] * scale * gate(i);
      float input = u[element(i)];
      int part = channel / ScanGradient.PART_CHANNELS * batch * length * (dtRank + 2 * states);
      int projectedPart = part + projection(i);
      int parameter = image * (states + dtRank + 2) * channels + channel;
      Values throughB = new Values(1);
      Values ofDt = new Values(1);
      for (int n = 0; n < states; n++) {
        int state = i * states + n;
        double b = projected[projection(i) + dtRank + n];
        double c = projected[projection(i) + dtRank + states + n];
        double next = i + 1 < length ? decays[state + states] : 0;
        g.set(n, c * dy + next * g.value(n), Math.abs(c * dy) + next * g.magnitude(n));
        results.projectedParts.add(
            projectedPart + dtRank + n, g.value(n) * dt[i] * input, g.magnitude(n) * dt[i] * input);
        results.projectedParts.add(
            projectedPart + dtRank + states + n, dy * h.value(state), dy * h.magnitude(state));
        throughB.add(0, g.value(n) * b, g.magnitude(n) * b);
        if (i > 0) {
          double factor = LOG2 * a[n * channels + channel] * decays[state];
          double value = factor * g.value(n) * h.value(state - states);
          double magnitude = factor * g.magnitude(n) * h.magnitude(state - states);
          ofDt.add(0, value, magnitude);
          results.parameterParts.add(parameter + n * channels, value * dt[i], magnitude * dt[i]);
        }
      }
      ofDt.add(0, input * throughB.value(0), input * throughB.magnitude(0));
      results.uGradient.add(element(i), dt[i] * throughB.value(0), dt[i] * throughB.magnitude(0));
      results.uGradient.add(element(i), Floats.at(d, channel) * dy);
      double value = ofDt.value(0) * slope[i];
      double magnitude = ofDt.magnitude(0) * slope[i];
      parameter += states * channels;
      for (int r = 0; r < dtRank; r++) {
        float weight = dtWeight[r * channels + channel];
        float x = projected[projection(i) + r];
        results.projectedParts.add(projectedPart + r, value * weight, magnitude * weight);
        results.parameterParts.add(parameter + r * channels, value * x, magnitude * x);
      }
      results.parameterParts.add(parameter + dtRank * channels, value, magnitude);
      results.parameterParts.add(parameter + (dtRank + 1) * channels, dy * input);
    }
  }
}
