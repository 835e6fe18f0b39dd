package io.panamba.tests.memory;

import io.panamba.runtime.operation.Scale;

/** The formulas of the operations, element by element, in double precision. */
final class ScalarOperations {
  private ScalarOperations() {}

  private static float at(float[] values, int i) {
    return values == null ? 0 : values[i];
  }

  static double silu(double v) {
    return v / (1 + Math.exp(-v));
  }

  /** e^(-v^2 / 2) / sqrt(2 pi) */
  static double normalDensity(double v) {
    return Math.exp(-v * v / 2) / Math.sqrt(2 * Math.PI);
  }

  /** The distribution of the normal law: a series near 0, a continued fraction in the tails. */
  static double normalDistribution(double v) {
    double y = Math.abs(v);
    double tail;
    if (y < 3) {
      double term = y;
      double sum = y;
      for (int i = 3; term > 1e-18; i += 2) {
        term *= y * y / i;
        sum += term;
      }
      tail = 0.5 - normalDensity(y) * sum;
    } else {
      double fraction = y;
      for (int i = 60; i >= 1; i--) {
        fraction = y + i / fraction;
      }
      tail = normalDensity(y) / fraction;
    }
    return v < 0 ? tail : 1 - tail;
  }

  static double softplus(double v) {
    return v > 20 ? v : Math.log1p(Math.exp(v));
  }

  /** input (rows, depth), weight (columns, depth). */
  static Values linear(float[] input, float[] weight, float[] bias, int rows, int columns) {
    int depth = input.length / rows;
    Values out = new Values(rows * columns);
    for (int i = 0; i < out.count(); i++) {
      for (int k = 0; k < depth; k++) {
        out.add(i, (double) input[i / columns * depth + k] * weight[i % columns * depth + k]);
      }
      out.add(i, at(bias, i % columns));
    }
    return out;
  }

  /** What SiLU is applied to: x (batch, length, channels), weight (kernel, channels). */
  static Values convSums(
      float[] x, float[] weight, float[] bias, int length, int channels, boolean backward) {
    int kernel = weight.length / channels;
    Values out = new Values(x.length);
    for (int i = 0; i < x.length; i++) {
      out.add(i, at(bias, i % channels));
      for (int k = 0; k < kernel; k++) {
        int source = convSource(i, kernel - 1 - k, length, channels, backward);
        if (source >= 0) {
          out.add(i, (double) weight[k * channels + i % channels] * x[source]);
        }
      }
    }
    return out;
  }

  /** The element some rows before element i in the direction's time, or -1. */
  static int convSource(int i, int rows, int length, int channels, boolean backward) {
    int t = i / channels % length;
    boolean inside = backward ? t + rows < length : t >= rows;
    return inside ? i + (backward ? rows : -rows) * channels : -1;
  }

  static Values conv(
      float[] x, float[] weight, float[] bias, int length, int channels, boolean backward) {
    Values out = convSums(x, weight, bias, length, channels, backward);
    for (int i = 0; i < out.count(); i++) {
      out.set(i, silu(out.value(i)), out.magnitude(i));
    }
    return out;
  }

  /** residual (rows, dim), already with its addend. */
  static Values norm(float[] residual, float[] weight, float[] bias, double eps, boolean layer) {
    int dim = weight.length;
    Values out = new Values(residual.length);
    for (int row = 0; row < residual.length / dim; row++) {
      Values mean = new Values(1);
      double squares = 0;
      for (int i = 0; layer && i < dim; i++) {
        mean.add(0, (double) residual[row * dim + i] / dim);
      }
      for (int i = 0; i < dim; i++) {
        squares += Math.pow(residual[row * dim + i] - mean.value(0), 2);
      }
      double scale = 1 / Math.sqrt(squares / dim + eps);
      for (int i = 0; i < dim; i++) {
        double r = residual[row * dim + i];
        double factor = scale * weight[i];
        out.set(
            row * dim + i,
            (r - mean.value(0)) * factor + at(bias, i),
            (Math.abs(r) + mean.magnitude(0)) * Math.abs(factor) + Math.abs(at(bias, i)));
      }
    }
    return out;
  }

  /** x (batch, length, dim), cos and sin (positions, dim). */
  static Values rotary(float[] x, float[] cos, float[] sin, int length, int dim, int first) {
    int positions = cos.length / dim;
    Values out = new Values(x.length);
    for (int i = 0; i < x.length; i++) {
      int position = i / dim % length - first;
      if (position < 0 || position >= positions) {
        out.add(i, x[i]);
        continue;
      }
      int angle = position * dim + i % dim;
      out.add(i, (double) x[i] * cos[angle]);
      out.add(i, (i % 2 == 0 ? -1.0 : 1.0) * x[i ^ 1] * sin[angle]);
    }
    return out;
  }

  /** input (batch, length, dim). */
  static Values mean(float[] input, int length, int dim, int first, int count, int step) {
    Values out = new Values(input.length / length);
    for (int i = 0; i < out.count(); i++) {
      for (int k = 0; k < count; k++) {
        int token = first + k * step;
        out.add(i, (double) input[(i / dim * length + token) * dim + i % dim] / count);
      }
    }
    return out;
  }

  /** The maximum is one of the inputs, exactly. */
  static Values max(float[] input, int length, int dim, int first, int count, int step) {
    Values out = new Values(input.length / length);
    for (int i = 0; i < out.count(); i++) {
      double largest = Double.NEGATIVE_INFINITY;
      for (int k = 0; k < count; k++) {
        int token = first + k * step;
        largest = Math.max(largest, input[(i / dim * length + token) * dim + i % dim]);
      }
      out.set(i, largest, 0);
    }
    return out;
  }

  /**
   * Rows scaled by channel and by image.
   *
   * @param x what the rows were
   */
  static Values scale(Scale operation, float[] x) {
    float[] channel = operation.channel() == null ? null : operation.channel().toFloats();
    float[] image = operation.image() == null ? null : operation.image().toFloats();
    int channels = Math.toIntExact(operation.x().count());
    int length = Math.toIntExact(operation.x().tensor().shape().size(1));
    Values out = new Values(x.length);
    for (int i = 0; i < x.length; i++) {
      double ofChannel = channel == null ? 1 : channel[i % channels];
      double ofImage = image == null ? 1 : image[i / channels / length];
      out.add(i, ofChannel * ofImage * x[i]);
    }
    return out;
  }

  /**
   * The rows of an image's patches, for {@link #linear}: (batch, grid, colours * patch * patch).
   *
   * @param image (batch, colours, height, width)
   */
  static float[] patches(float[] image, int colours, int height, int width, int patch, int stride) {
    int rows = (height - patch) / stride + 1;
    int columns = (width - patch) / stride + 1;
    int depth = colours * patch * patch;
    int batch = image.length / (colours * height * width);
    float[] out = new float[batch * rows * columns * depth];
    for (int i = 0; i < out.length; i++) {
      int x = i % patch;
      int y = i / patch % patch;
      int colour = i / (patch * patch) % colours;
      int column = i / depth % columns;
      int row = i / (depth * columns) % rows;
      int b = i / (depth * columns * rows);
      out[i] =
          image[((b * colours + colour) * height + row * stride + y) * width + column * stride + x];
    }
    return out;
  }
}
