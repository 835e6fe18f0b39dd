package io.panamba.runtime.oracle;

import io.panamba.runtime.operation.CausalConv;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.ConvGradient;

/** Causal convolutions with SiLU, and their gradients. */
public final class ScalarConv {
  private ScalarConv() {}

  /**
   * One direction of a convolution of every row.
   *
   * @param x (batch, length, channels)
   * @param direction which
   * @param backward whether it runs from last to first
   * @return (batch, length, channels)
   */
  public static Values out(Columns x, CausalConv.Direction direction, boolean backward) {
    Values out =
        sums(
            Floats.of(x),
            Floats.of(direction.weight()),
            Floats.of(direction.bias()),
            Math.toIntExact(x.tensor().shape().size(1)),
            Math.toIntExact(x.count()),
            backward);
    for (int i = 0; i < out.count(); i++) {
      out.set(i, ScalarFunctions.silu(out.value(i)), out.magnitude(i));
    }
    return out;
  }

  /** What SiLU is applied to: x (batch, length, channels), weight (kernel, channels). */
  private static Values sums(
      float[] x, float[] weight, float[] bias, int length, int channels, boolean backward) {
    int kernel = weight.length / channels;
    Values out = new Values(x.length);
    for (int i = 0; i < x.length; i++) {
      out.add(i, Floats.at(bias, i % channels));
      for (int k = 0; k < kernel; k++) {
        int source = source(i, kernel - 1 - k, length, channels, backward);
        if (source >= 0) {
          out.add(i, (double) weight[k * channels + i % channels] * x[source]);
        }
      }
    }
    return out;
  }

  /** The element some rows before element i in the direction's time, or -1. */
  private static int source(int i, int rows, int length, int channels, boolean backward) {
    int t = i / channels % length;
    boolean inside = backward ? t + rows < length : t >= rows;
    return inside ? i + (backward ? rows : -rows) * channels : -1;
  }

  /**
   * The gradient of one direction.
   *
   * @param x (batch, length, channels)
   * @param direction which
   * @param backward whether it runs from last to first
   * @param xGradient what the gradient of x is added to
   * @return the parts of its parameters' gradients
   */
  public static Values gradient(
      Columns x, ConvGradient.Direction direction, boolean backward, Values xGradient) {
    float[] values = Floats.of(x);
    float[] weight = Floats.of(direction.weight());
    float[] outGradient = Floats.of(direction.outGradient());
    int length = Math.toIntExact(x.tensor().shape().size(1));
    int channels = Math.toIntExact(x.count());
    int kernel = weight.length / channels;
    Values sums = sums(values, weight, Floats.of(direction.bias()), length, channels, backward);
    Values parts = new Values(values.length / length * (kernel + 1));
    for (int i = 0; i < values.length; i++) {
      int part = i / (length * channels) * (kernel + 1) * channels + i % channels;
      double v = sums.value(i);
      double sigmoid = ScalarFunctions.sigmoid(v);
      double gradient = outGradient[i] * sigmoid * (1 + v * (1 - sigmoid));
      // The slope's own slope is half at most: so much of the sum's rounding is handed on.
      double size = outGradient[i] * (sigmoid * (1 + Math.abs(v)) + sums.magnitude(i) / 2);
      for (int k = 0; k < kernel; k++) {
        int j = source(i, kernel - 1 - k, length, channels, backward);
        if (j >= 0) {
          float w = weight[k * channels + i % channels];
          xGradient.add(j, gradient * w, size * w);
          parts.add(part + k * channels, gradient * values[j], size * values[j]);
        }
      }
      parts.add(part + kernel * channels, gradient, size);
    }
    return parts;
  }
}
