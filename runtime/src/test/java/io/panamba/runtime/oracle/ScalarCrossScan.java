package io.panamba.runtime.oracle;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.CrossScan;
import io.panamba.runtime.operation.ScanGradient;

/**
 * The cross scan and its gradient, walk by walk and pixel by pixel, of all channels or of a few.
 */
public final class ScalarCrossScan {
  private static final double GRADIENT_BOUND = 4e-6;

  /** Of softplus and of its product with a, which a decay's exponent is off by. */
  private static final double EXPONENT_ERROR = 3.6e-7;

  private static final double LOG2 = Math.log(2);

  private final CrossScan.Inputs inputs;
  private final int batch;
  private final int height;
  private final int width;
  private final int pixels;
  private final int channels;
  private final int states;
  private final int dtRank;
  private final float[] u;
  private final float[] projected;
  private final float[] dtWeight;
  private final float[] dtBias;
  private final float[] a;
  private final float[] d;

  /**
   * A scan of every channel.
   *
   * @param inputs of the scan
   */
  public ScalarCrossScan(CrossScan.Inputs inputs) {
    this(inputs, 0, Math.toIntExact(inputs.channels()));
  }

  /**
   * A scan of some channels, which don't mix.
   *
   * @param inputs of the scan
   * @param first the first channel
   * @param channels how many
   */
  public ScalarCrossScan(CrossScan.Inputs inputs, int first, int channels) {
    this.inputs = inputs;
    this.channels = channels;
    batch = Math.toIntExact(inputs.batch());
    height = Math.toIntExact(inputs.grid().height());
    width = Math.toIntExact(inputs.grid().width());
    pixels = height * width;
    states = Math.toIntExact(inputs.states());
    dtRank = Math.toIntExact(inputs.dtRank());
    u = chosen(inputs.u(), first);
    projected = Floats.of(inputs.projected());
    dtWeight = chosen(inputs.dtWeight(), first);
    dtBias = chosen(inputs.dtBias(), first);
    a = chosen(inputs.a(), first);
    d = chosen(inputs.d(), first);
  }

  private float[] chosen(Tensor tensor, int first) {
    return tensor == null ? null : Floats.of(new Columns(tensor, first, channels));
  }

  /** The pixels of an image in the order of a walk. */
  private int[] order(int walk) {
    boolean columns = inputs.walks() == CrossScan.Walks.CROSS && walk % 2 == 1;
    boolean reversed = inputs.walks() != CrossScan.Walks.UNIDI && walk >= 2;
    int[] order = new int[pixels];
    int i = 0;
    for (int outer = 0; outer < (columns ? width : height); outer++) {
      for (int inner = 0; inner < (columns ? height : width); inner++) {
        int pixel = columns ? inner * width + outer : outer * width + inner;
        order[reversed ? pixels - 1 - i : i] = pixel;
        i++;
      }
    }
    return order;
  }

  /** Where dt, B and C of a walk begin. */
  private int projection(int row, int walk) {
    return (row * CrossScan.WALKS + walk) * (dtRank + 2 * states);
  }

  /**
   * Runs all walks.
   *
   * @return (batch, pixels, chosen channels)
   */
  public Values out() {
    Values out = new Values(batch * pixels * channels);
    for (int place = 0; place < batch * channels; place++) {
      for (int k = 0; k < CrossScan.WALKS; k++) {
        Walk walk = new Walk(k, place / channels, place % channels);
        for (int i = 0; i < pixels; i++) {
          out.add(walk.element(i), walk.y.value(i), walk.y.magnitude(i));
        }
      }
    }
    return out;
  }

  /**
   * What {@link CrossScan#savedStates} holds.
   *
   * @param interval pixels between states
   * @return (4, batch, chunks, states, chosen channels)
   */
  public Values saved(int interval) {
    int chunks = Math.ceilDiv(pixels, interval);
    Values saved = new Values(CrossScan.WALKS * batch * chunks * states * channels);
    for (int place = 0; place < batch * channels; place++) {
      for (int k = 0; k < CrossScan.WALKS; k++) {
        int image = place / channels;
        Walk walk = new Walk(k, image, place % channels);
        for (int chunk = 1; chunk < chunks; chunk++) {
          for (int n = 0; n < states; n++) {
            int state = (chunk * interval - 1) * states + n;
            int to = (((k * batch + image) * chunks + chunk) * states + n) * channels;
            saved.set(to + place % channels, walk.h.value(state), walk.h.magnitude(state));
          }
        }
      }
    }
    return saved;
  }

  /**
   * The gradients of all channels.
   *
   * @param u of u
   * @param projectedParts of dt, B and C, in parts
   * @param parameterParts of the parameters, in parts
   * @param bound of the error, relative to the magnitudes
   */
  public record Gradients(Values u, Values projectedParts, Values parameterParts, double bound) {}

  /**
   * Goes back through all walks.
   *
   * @param outGradient (batch, pixels, channels)
   * @return the gradients
   */
  public Gradients gradients(float[] outGradient) {
    int row = CrossScan.WALKS * (dtRank + 2 * states);
    int parts = Math.toIntExact(ScanGradient.parts(channels));
    Values ofU = new Values(batch * pixels * channels);
    Values ofProjected = new Values(parts * batch * pixels * row);
    Values ofParameters = new Values(batch * CrossScan.WALKS * (states + dtRank + 2) * channels);
    double argumentError = 0;
    for (int place = 0; place < batch * channels; place++) {
      for (int k = 0; k < CrossScan.WALKS; k++) {
        Walk walk = new Walk(k, place / channels, place % channels);
        walk.back(outGradient, ofU, ofProjected, ofParameters);
        argumentError = Math.max(argumentError, walk.argumentError);
      }
    }
    return new Gradients(ofU, ofProjected, ofParameters, GRADIENT_BOUND + argumentError);
  }

  /** One channel of one image in one walk; i counts its steps. */
  private final class Walk {
    private final int k;
    private final int image;
    private final int channel;
    private final int[] order;
    private final double[] dt = new double[pixels];
    private final double[] slope = new double[pixels];
    private final Values decays = new Values(pixels * states);
    private final Values h = new Values(pixels * states);
    private final Values y = new Values(pixels);
    private double argumentError;

    Walk(int k, int image, int channel) {
      this.k = k;
      this.image = image;
      this.channel = channel;
      order = order(k);
      for (int i = 0; i < pixels; i++) {
        step(i);
      }
    }

    private int row(int i) {
      return image * pixels + order[i];
    }

    private int element(int i) {
      return row(i) * channels + channel;
    }

    private double a(int n) {
      return a[(k * states + n) * channels + channel];
    }

    private void step(int i) {
      int at = projection(row(i), k);
      Values argument = new Values(1);
      argument.add(0, Floats.at(dtBias, k * channels + channel));
      for (int r = 0; r < dtRank; r++) {
        float weight = dtWeight[(k * dtRank + r) * channels + channel];
        argument.add(0, (double) projected[at + r] * weight);
      }
      // Softplus and its slope are off by what rounding does to their argument.
      argumentError =
          Math.max(argumentError, Math.sqrt(dtRank + 1) * 0x1p-24 * argument.magnitude(0));
      dt[i] = ScalarFunctions.softplus(argument.value(0));
      slope[i] = ScalarFunctions.sigmoid(argument.value(0));
      y.add(i, (double) Floats.at(d, k * channels + channel) * u[element(i)]);
      for (int n = 0; n < states; n++) {
        int state = i * states + n;
        double exponent = dt[i] * a(n);
        double decay = Math.pow(2, exponent);
        // A decay is off by its exponent's error, and so is all that goes through it.
        double error = Math.abs(exponent) * LOG2 * EXPONENT_ERROR / GRADIENT_BOUND;
        decays.set(state, decay, decay * (1 + error));
        h.add(state, dt[i] * u[element(i)] * projected[at + dtRank + n]);
        if (i > 0) {
          int before = state - states;
          h.add(state, decay * h.value(before), decays.magnitude(state) * h.magnitude(before));
        }
        double c = projected[at + dtRank + states + n];
        y.add(i, c * h.value(state), c * h.magnitude(state));
      }
    }

    void back(float[] outGradient, Values ofU, Values ofProjected, Values ofParameters) {
      Values g = new Values(states);
      for (int i = pixels - 1; i >= 0; i--) {
        stepBack(i, outGradient[element(i)], g, ofU, ofProjected, ofParameters);
      }
    }

    /** Step i, from the gradient of the states after it, which becomes that of the states at it. */
    private void stepBack(
        int i, double dy, Values g, Values ofU, Values ofProjected, Values ofParameters) {
      int at = projection(row(i), k);
      int part = channel / ScanGradient.PART_CHANNELS * projected.length + at;
      int parameters = image * CrossScan.WALKS * (states + dtRank + 2) * channels + channel;
      float input = u[element(i)];
      Values throughB = new Values(1);
      Values ofDt = new Values(1);
      for (int n = 0; n < states; n++) {
        int state = i * states + n;
        int after = state + states;
        double b = projected[at + dtRank + n];
        double c = projected[at + dtRank + states + n];
        double next = i + 1 < pixels ? decays.value(after) * g.value(n) : 0;
        double nextSize = i + 1 < pixels ? decays.magnitude(after) * g.magnitude(n) : 0;
        g.set(n, c * dy + next, Math.abs(c * dy) + nextSize);
        ofProjected.add(
            part + dtRank + n, g.value(n) * dt[i] * input, g.magnitude(n) * dt[i] * input);
        ofProjected.add(part + dtRank + states + n, dy * h.value(state), dy * h.magnitude(state));
        throughB.add(0, g.value(n) * b, g.magnitude(n) * b);
        if (i > 0) {
          int before = state - states;
          double value = LOG2 * a(n) * decays.value(state) * g.value(n) * h.value(before);
          double magnitude =
              LOG2 * a(n) * decays.magnitude(state) * g.magnitude(n) * h.magnitude(before);
          ofDt.add(0, value, magnitude);
          ofParameters.add(
              parameters + (k * states + n) * channels, value * dt[i], magnitude * dt[i]);
        }
      }
      ofDt.add(0, input * throughB.value(0), input * throughB.magnitude(0));
      ofU.add(element(i), dt[i] * throughB.value(0), dt[i] * throughB.magnitude(0));
      ofU.add(element(i), Floats.at(d, k * channels + channel) * dy);
      double value = ofDt.value(0) * slope[i];
      double magnitude = ofDt.magnitude(0) * slope[i];
      parameters += CrossScan.WALKS * states * channels;
      for (int r = 0; r < dtRank; r++) {
        float weight = dtWeight[(k * dtRank + r) * channels + channel];
        float x = projected[at + r];
        ofProjected.add(part + r, value * weight, magnitude * weight);
        ofParameters.add(parameters + (k * dtRank + r) * channels, value * x, magnitude * x);
      }
      parameters += CrossScan.WALKS * dtRank * channels;
      ofParameters.add(parameters + k * channels, value, magnitude);
      ofParameters.add(parameters + (CrossScan.WALKS + k) * channels, dy * input);
    }
  }
}
