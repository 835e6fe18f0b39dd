package io.panamba.tests.golden;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.oracle.ScalarFunctions;
import java.util.Arrays;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;

/**
 * A VMamba of the second family (arXiv 2401.10166, section 4) in double precision, loop by loop, on
 * one image: nothing of it is shared with what it is compared with.
 */
final class PlainVmamba {
  private static final double EPSILON = 1e-5;
  private static final int WALKS = 4;

  private final Map<String, Tensor> weights;
  private int height;
  private int width;

  PlainVmamba(Map<String, Tensor> weights) {
    this.weights = weights;
  }

  private float[] weight(String key) {
    return weights.get(key).toFloats();
  }

  private boolean has(String key) {
    return weights.containsKey(key);
  }

  /**
   * Runs it.
   *
   * @param image (3, rows, columns)
   * @return logits
   */
  double[] logits(float[] image, int rows, int columns) {
    height = rows;
    width = columns;
    double[] x = new double[image.length];
    for (int i = 0; i < x.length; i++) {
      x[i] = image[i % 3 * rows * columns + i / 3];
    }
    x = norm(conv(x, "patch_embed.0"), "patch_embed.2");
    apply(x, v -> v * ScalarFunctions.normalDistribution(v));
    x = norm(conv(x, "patch_embed.5"), "patch_embed.7");
    for (int stage = 0; has("layers." + stage + ".blocks.0.norm.weight"); stage++) {
      String start = "layers." + stage + ".";
      for (int i = 0; has(start + "blocks." + i + ".norm.weight"); i++) {
        block(x, start + "blocks." + i + ".");
      }
      if (has(start + "downsample.1.weight")) {
        x = norm(conv(x, start + "downsample.1"), start + "downsample.3");
      }
    }
    double[] normed = norm(x, "classifier.norm");
    int channels = weight("classifier.norm.weight").length;
    double[] mean = new double[channels];
    for (int i = 0; i < normed.length; i++) {
      mean[i % channels] += normed[i] / (height * width);
    }
    return linear(mean, "classifier.head.weight", "classifier.head.bias", channels);
  }

  private void block(double[] x, String start) {
    int channels = weight(start + "norm.weight").length;
    add(x, mix(norm(x, start + "norm"), start + "op.", channels));
    double[] hidden =
        linear(
            norm(x, start + "norm2"), start + "mlp.fc1.weight", start + "mlp.fc1.bias", channels);
    apply(hidden, v -> v * ScalarFunctions.normalDistribution(v));
    int inner = weight(start + "mlp.fc1.bias").length;
    add(x, linear(hidden, start + "mlp.fc2.weight", start + "mlp.fc2.bias", inner));
  }

  private double[] mix(double[] normed, String start, int channels) {
    double[] x = linear(normed, start + "in_proj.weight", null, channels);
    int inner = x.length / (height * width);
    double[] u = depthwise(x, weight(start + "conv2d.weight"), inner);
    apply(u, ScalarFunctions::silu);
    double[] y = new double[u.length];
    for (int walk = 0; walk < WALKS; walk++) {
      scan(u, y, start, walk, inner);
    }
    return linear(norm(y, start + "out_norm"), start + "out_proj.weight", null, inner);
  }

  /** The pixel at a step of a walk: by rows, by columns, and both from the end. */
  private int pixel(int walk, int step) {
    int at = walk < 2 ? step : height * width - 1 - step;
    return walk % 2 == 0 ? at : at % height * width + at / height;
  }

  private void scan(double[] u, double[] y, String start, int walk, int inner) {
    float[] projection = weight(start + "x_proj_weight");
    float[] steps = weight(start + "dt_projs_weight");
    float[] bias = weight(start + "dt_projs_bias");
    float[] logarithms = weight(start + "A_logs");
    float[] skip = weight(start + "Ds");
    int states = logarithms.length / WALKS / inner;
    int rank = steps.length / WALKS / inner;
    int rows = rank + 2 * states;
    double[] h = new double[inner * states];
    double[] q = new double[rows];
    for (int step = 0; step < height * width; step++) {
      int pixel = pixel(walk, step) * inner;
      for (int row = 0; row < rows; row++) {
        q[row] = 0;
        for (int e = 0; e < inner; e++) {
          q[row] += (double) projection[(walk * rows + row) * inner + e] * u[pixel + e];
        }
      }
      for (int e = 0; e < inner; e++) {
        int channel = walk * inner + e;
        double v = bias[channel];
        for (int r = 0; r < rank; r++) {
          v += (double) steps[channel * rank + r] * q[r];
        }
        double dt = ScalarFunctions.softplus(v);
        double sum = skip[channel] * u[pixel + e];
        for (int n = 0; n < states; n++) {
          double a = -Math.exp(logarithms[channel * states + n]);
          int place = e * states + n;
          h[place] = Math.exp(dt * a) * h[place] + dt * q[rank + n] * u[pixel + e];
          sum += q[rank + states + n] * h[place];
        }
        y[pixel + e] += sum;
      }
    }
  }

  private static void apply(double[] x, DoubleUnaryOperator function) {
    Arrays.setAll(x, i -> function.applyAsDouble(x[i]));
  }

  private static void add(double[] x, double[] y) {
    Arrays.setAll(x, i -> x[i] + y[i]);
  }

  private double[] linear(double[] x, String key, String biasKey, int inputs) {
    float[] matrix = weight(key);
    float[] bias = biasKey == null ? null : weight(biasKey);
    int outputs = matrix.length / inputs;
    double[] out = new double[x.length / inputs * outputs];
    for (int i = 0; i < out.length; i++) {
      double sum = bias == null ? 0 : bias[i % outputs];
      int row = i / outputs * inputs;
      int column = i % outputs * inputs;
      for (int k = 0; k < inputs; k++) {
        sum += matrix[column + k] * x[row + k];
      }
      out[i] = sum;
    }
    return out;
  }

  private double[] norm(double[] x, String key) {
    float[] weight = weight(key + ".weight");
    float[] bias = weight(key + ".bias");
    int channels = weight.length;
    double[] out = new double[x.length];
    for (int row = 0; row < x.length; row += channels) {
      double mean = 0;
      for (int i = row; i < row + channels; i++) {
        mean += x[i] / channels;
      }
      double square = 0;
      for (int i = row; i < row + channels; i++) {
        square += (x[i] - mean) * (x[i] - mean) / channels;
      }
      for (int i = 0; i < channels; i++) {
        out[row + i] = (x[row + i] - mean) / Math.sqrt(square + EPSILON) * weight[i] + bias[i];
      }
    }
    return out;
  }

  /** Kernel 3, stride 2, padding 1; the map becomes half as large. */
  private double[] conv(double[] x, String key) {
    float[] kernel = weight(key + ".weight");
    float[] bias = weight(key + ".bias");
    int inputs = kernel.length / 9 / bias.length;
    int rows = (height + 1) / 2;
    int columns = (width + 1) / 2;
    double[] out = new double[rows * columns * bias.length];
    for (int i = 0; i < out.length; i++) {
      int output = i % bias.length;
      int top = i / bias.length / columns * 2 - 1;
      int left = i / bias.length % columns * 2 - 1;
      double sum = bias[output];
      for (int tap = 0; tap < 9; tap++) {
        int y = top + tap / 3;
        int z = left + tap % 3;
        for (int k = 0; k < inputs && y >= 0 && y < height && z >= 0 && z < width; k++) {
          sum += kernel[(output * inputs + k) * 9 + tap] * x[(y * width + z) * inputs + k];
        }
      }
      out[i] = sum;
    }
    height = rows;
    width = columns;
    return out;
  }

  private double[] depthwise(double[] x, float[] kernel, int channels) {
    double[] out = new double[x.length];
    for (int i = 0; i < out.length; i++) {
      int channel = i % channels;
      int row = i / channels / width;
      int column = i / channels % width;
      for (int tap = 0; tap < 9; tap++) {
        int y = row + tap / 3 - 1;
        int z = column + tap % 3 - 1;
        if (y >= 0 && y < height && z >= 0 && z < width) {
          out[i] += kernel[channel * 9 + tap] * x[(y * width + z) * channels + channel];
        }
      }
    }
    return out;
  }
}
