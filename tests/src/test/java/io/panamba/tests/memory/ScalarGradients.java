package io.panamba.tests.memory;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.ConvGradient;
import io.panamba.runtime.operation.CrossEntropy;
import io.panamba.runtime.operation.Norm;
import io.panamba.runtime.operation.NormGradient;
import io.panamba.runtime.operation.PatchEmbedding.ClassIndex;
import io.panamba.runtime.operation.PatchesGradient;
import io.panamba.runtime.operation.Pool;
import io.panamba.runtime.operation.PoolGradient;
import io.panamba.runtime.operation.ScaleGradient;
import java.lang.foreign.ValueLayout;

/** The gradients of the operations, element by element, in double precision. */
final class ScalarGradients {
  private ScalarGradients() {}

  /** What a normalisation passes on, and the parts of its parameters' gradients. */
  record OfNorm(Values residual, Values parts) {}

  /** What a scale passes on, and the parts of its channels' gradients. */
  record OfScale(Values x, Values parts) {}

  /** The losses of a batch, and the gradient of its logits. */
  record OfLogits(Values losses, Values gradient) {}

  static double sigmoid(double v) {
    return 1 / (1 + Math.exp(-v));
  }

  /** The parts of one direction's parameters, and the gradient of x added to xGradient. */
  static Values conv(
      Columns x, ConvGradient.Direction direction, boolean backward, Values xGradient) {
    float[] values = Guarded.columns(x);
    float[] weight = direction.weight().toFloats();
    float[] bias = direction.bias() == null ? null : direction.bias().toFloats();
    float[] outGradient = direction.outGradient().toFloats();
    int length = Math.toIntExact(x.tensor().shape().size(1));
    int channels = Math.toIntExact(x.count());
    int kernel = weight.length / channels;
    Values sums = ScalarOperations.convSums(values, weight, bias, length, channels, backward);
    Values parts = new Values(values.length / length * (kernel + 1));
    for (int i = 0; i < values.length; i++) {
      int part = i / (length * channels) * (kernel + 1) * channels + i % channels;
      double v = sums.value(i);
      double sigmoid = sigmoid(v);
      double gradient = outGradient[i] * sigmoid * (1 + v * (1 - sigmoid));
      // The slope's own slope is half at most: so much of the sum's rounding is handed on.
      double size = outGradient[i] * (sigmoid * (1 + Math.abs(v)) + sums.magnitude(i) / 2);
      for (int k = 0; k < kernel; k++) {
        int j = ScalarOperations.convSource(i, kernel - 1 - k, length, channels, backward);
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

  /**
   * The gradient of a normalisation.
   *
   * @param before what the residual's gradient was
   */
  static OfNorm norm(NormGradient operation, float[] before) {
    float[] residual = operation.residual().toFloats();
    float[] weight = operation.weight().toFloats();
    float[] outGradient = operation.outGradient().toFloats();
    boolean layer = operation.kind() == Norm.Kind.LAYER;
    int dim = weight.length;
    int rows = residual.length / dim;
    Values passed = new Values(residual.length);
    Values parts = new Values(Math.toIntExact(NormGradient.parts(rows)) * 2 * dim);
    for (int row = 0; row < rows; row++) {
      Values mean = new Values(1);
      double squares = 0;
      for (int i = 0; layer && i < dim; i++) {
        mean.add(0, (double) residual[row * dim + i] / dim);
      }
      for (int i = 0; i < dim; i++) {
        squares += Math.pow(residual[row * dim + i] - mean.value(0), 2);
      }
      double factor = 1 / Math.sqrt(squares / dim + operation.eps());
      Values normalised = new Values(dim);
      Values means = new Values(2);
      for (int i = 0; i < dim; i++) {
        double g = outGradient[row * dim + i];
        double n = (residual[row * dim + i] - mean.value(0)) * factor;
        double size = Math.abs(n) + Math.abs(mean.value(0)) * factor;
        normalised.set(i, n, size);
        means.add(0, g * weight[i] / dim);
        means.add(1, g * weight[i] * n / dim, g * weight[i] * size / dim);
        int part = row / NormGradient.PART_ROWS * 2 * dim + i;
        parts.add(part, g * n, g * size);
        parts.add(part + dim, g);
      }
      for (int i = 0; i < dim; i++) {
        int place = row * dim + i;
        passed.add(place, factor * outGradient[place] * weight[i]);
        if (layer) {
          passed.add(place, -factor * means.value(0), factor * means.magnitude(0));
        }
        passed.add(
            place,
            -factor * means.value(1) * normalised.value(i),
            factor * means.magnitude(1) * normalised.magnitude(i));
        passed.add(place, (double) operation.accumulate() * before[place]);
      }
    }
    return new OfNorm(passed, parts);
  }

  /**
   * The gradient of a scale.
   *
   * @param outGradient what it was
   */
  static OfScale scale(ScaleGradient operation, float[] outGradient) {
    float[] x = operation.x() == null ? null : Guarded.columns(operation.x());
    float[] channel = operation.channel() == null ? null : operation.channel().toFloats();
    float[] image = operation.image() == null ? null : operation.image().toFloats();
    int channels = Math.toIntExact(operation.outGradient().count());
    int length = Math.toIntExact(operation.outGradient().tensor().shape().size(1));
    int rows = outGradient.length / channels;
    Values passed = new Values(outGradient.length);
    Values parts = new Values(Math.toIntExact(ScaleGradient.parts(rows)) * channels);
    for (int i = 0; i < outGradient.length; i++) {
      int row = i / channels;
      double gradient = outGradient[i];
      if (image != null) {
        gradient *= image[row / length];
      }
      passed.add(i, channel == null ? gradient : gradient * channel[i % channels]);
      if (x != null) {
        parts.add(row / ScaleGradient.PART_ROWS * channels + i % channels, gradient * x[i]);
      }
    }
    return new OfScale(passed, parts);
  }

  /** What each pixel's patches hand on to it. */
  static Values patches(PatchesGradient operation) {
    float[] gradient = operation.patchGradient().toFloats();
    int colours = Math.toIntExact(operation.imageGradient().shape().size(1));
    int height = Math.toIntExact(operation.imageGradient().shape().size(2));
    int width = Math.toIntExact(operation.imageGradient().shape().size(3));
    int length = Math.toIntExact(operation.patchGradient().shape().size(1));
    int patch = Math.toIntExact(operation.patch());
    int stride = Math.toIntExact(operation.stride());
    int columns = (width - patch) / stride + 1;
    int depth = colours * patch * patch;
    Values out = new Values(gradient.length / (length * depth) * colours * height * width);
    for (int i = 0; i < gradient.length; i++) {
      int grid = patchAt(operation.classIndex(), i / depth % length);
      if (grid >= 0) {
        int colour = i / (patch * patch) % colours;
        int y = grid / columns * stride + i / patch % patch;
        int x = grid % columns * stride + i % patch;
        int image = i / (depth * length);
        out.add(((image * colours + colour) * height + y) * width + x, gradient[i]);
      }
    }
    return out;
  }

  /** The patch at a place of the sequence, or -1 for a class token. */
  private static int patchAt(ClassIndex classIndex, int place) {
    int patch = place;
    for (int i = 0; i < classIndex.count(); i++) {
      if (classIndex.place(i) == place) {
        return -1;
      }
      patch -= classIndex.place(i) < place ? 1 : 0;
    }
    return patch;
  }

  /** The gradient of a pooling is exact but for a division. */
  static Values pool(PoolGradient operation) {
    int length = Math.toIntExact(operation.inputGradient().shape().size(1));
    int dim = Math.toIntExact(operation.inputGradient().shape().size(2));
    float[] outGradient = operation.outGradient().toFloats();
    boolean max = operation.kind() == Pool.Kind.MAX;
    Values out = new Values(outGradient.length * length);
    for (int i = 0; i < outGradient.length; i++) {
      int column = i / dim * length * dim + i % dim;
      int largest = -1;
      for (int k = 0; k < operation.count(); k++) {
        int place = column + Math.toIntExact(operation.first() + k * operation.step()) * dim;
        if (!max) {
          out.set(place, outGradient[i] / (float) operation.count(), 0);
        } else if (largest < 0 || at(operation.input(), place) > at(operation.input(), largest)) {
          largest = place;
        }
      }
      if (max) {
        out.set(largest, outGradient[i], 0);
      }
    }
    return out;
  }

  private static float at(Tensor tensor, int i) {
    return tensor.segment().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i);
  }

  /** The losses and the gradient of logits whose labels are classes. */
  static OfLogits crossEntropy(CrossEntropy operation) {
    float[] logits = operation.logits().toFloats();
    int batch = Math.toIntExact(operation.logits().shape().size(0));
    int classes = logits.length / batch;
    double smoothing = operation.smoothing();
    Values losses = new Values(batch);
    Values gradient = new Values(logits.length);
    for (int row = 0; row < batch; row++) {
      int label = operation.labels().segment().get(ValueLayout.JAVA_INT_UNALIGNED, 4L * row);
      double largest = Double.NEGATIVE_INFINITY;
      for (int i = 0; i < classes; i++) {
        largest = Math.max(largest, logits[row * classes + i]);
      }
      double sum = 0;
      for (int i = 0; i < classes; i++) {
        sum += Math.exp(logits[row * classes + i] - largest);
      }
      losses.add(row, 0, 1);
      for (int i = 0; i < classes; i++) {
        double target = (i == label ? 1 - smoothing : 0) + smoothing / classes;
        double shifted = logits[row * classes + i] - largest;
        double probability = Math.exp(shifted) / sum;
        losses.add(row, target * (Math.log(sum) - shifted));
        gradient.set(
            row * classes + i,
            operation.gradientScale() * (probability - target),
            operation.gradientScale() * (probability + target));
      }
    }
    return new OfLogits(losses, gradient);
  }
}
