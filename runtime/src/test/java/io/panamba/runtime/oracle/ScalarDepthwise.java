package io.panamba.runtime.oracle;

import io.panamba.runtime.operation.DepthwiseConv;
import io.panamba.runtime.operation.DepthwiseConvGradient;
import io.panamba.runtime.operation.Grid;

/** Depthwise convolutions over a grid, and the gradients of their parameters. */
public final class ScalarDepthwise {
  private ScalarDepthwise() {}

  /** The element that a tap meets, or -1 outside of the grid. */
  private static int source(int i, int tap, int side, Grid grid, int channels) {
    int width = Math.toIntExact(grid.width());
    int x = i / channels % width + tap % side - side / 2;
    long row = i / channels / width % grid.height() + tap / side - side / 2;
    boolean inside = row >= 0 && row < grid.height() && x >= 0 && x < width;
    return inside ? i + ((tap / side - side / 2) * width + tap % side - side / 2) * channels : -1;
  }

  /**
   * A convolution.
   *
   * @param operation which
   * @param gate what the gate was, or null
   * @return (batch, pixels, channels)
   */
  public static Values out(DepthwiseConv operation, float[] gate) {
    float[] x = Floats.of(operation.x());
    float[] weight = Floats.of(operation.weight());
    float[] bias = Floats.of(operation.bias());
    int channels = Math.toIntExact(operation.x().count());
    int side = operation.side();
    Values out = new Values(x.length);
    for (int i = 0; i < x.length; i++) {
      out.add(i, Floats.at(bias, i % channels));
      for (int tap = 0; tap < side * side; tap++) {
        int j = source(i, tap, side, operation.grid(), channels);
        if (j >= 0) {
          int counted = operation.flipped() ? side * side - 1 - tap : tap;
          out.add(i, (double) weight[counted * channels + i % channels] * x[j]);
        }
      }
    }
    out.activate(operation.activation());
    return gate == null ? out : ScalarLinear.gated(out, gate);
  }

  /**
   * The gradient of the parameters.
   *
   * @param operation which
   * @return (batch, taps + 1, channels)
   */
  public static Values gradient(DepthwiseConvGradient operation) {
    float[] x = Floats.of(operation.x());
    float[] outGradient = Floats.of(operation.outGradient());
    int channels = Math.toIntExact(operation.x().count());
    int side = operation.side();
    int taps = side * side;
    int pixels = Math.toIntExact(operation.grid().pixels());
    Values parts = new Values(x.length / pixels * (taps + 1));
    for (int i = 0; i < x.length; i++) {
      int part = i / (pixels * channels) * (taps + 1) * channels + i % channels;
      for (int tap = 0; tap < taps; tap++) {
        int j = source(i, tap, side, operation.grid(), channels);
        if (j >= 0) {
          parts.add(part + tap * channels, (double) x[j] * outGradient[i]);
        }
      }
      parts.add(part + taps * channels, outGradient[i]);
    }
    return parts;
  }
}
