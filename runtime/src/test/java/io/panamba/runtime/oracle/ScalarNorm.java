package io.panamba.runtime.oracle;

import io.panamba.runtime.operation.Norm;
import io.panamba.runtime.operation.NormGradient;

/** Norms and their gradients. */
public final class ScalarNorm {
  private ScalarNorm() {}

  /** What a row is normalised by: its mean, 0 for RMS, and one over its deviation. */
  private record Moments(double mean, double meanMagnitude, double factor) {
    static Moments of(float[] residual, int row, int dim, boolean layer, double eps) {
      Values mean = new Values(1);
      double squares = 0;
      for (int i = 0; layer && i < dim; i++) {
        mean.add(0, (double) residual[row * dim + i] / dim);
      }
      for (int i = 0; i < dim; i++) {
        squares += Math.pow(residual[row * dim + i] - mean.value(0), 2);
      }
      return new Moments(mean.value(0), mean.magnitude(0), 1 / Math.sqrt(squares / dim + eps));
    }
  }

  /**
   * A norm of rows.
   *
   * @param operation whose weight, bias, eps, kind and activation count
   * @param residual (rows, dim), already with its addend
   * @return (rows, dim)
   */
  public static Values out(Norm operation, float[] residual) {
    float[] weight = Floats.of(operation.weight());
    float[] bias = Floats.of(operation.bias());
    boolean layer = operation.kind() == Norm.Kind.LAYER;
    int dim = weight.length;
    Values out = new Values(residual.length);
    for (int row = 0; row < residual.length / dim; row++) {
      Moments moments = Moments.of(residual, row, dim, layer, operation.eps());
      for (int i = 0; i < dim; i++) {
        double r = residual[row * dim + i];
        double factor = moments.factor * weight[i];
        out.set(
            row * dim + i,
            (r - moments.mean) * factor + Floats.at(bias, i),
            (Math.abs(r) + moments.meanMagnitude) * Math.abs(factor)
                + Math.abs(Floats.at(bias, i)));
      }
    }
    out.activate(operation.activation());
    return out;
  }

  /**
   * The gradients of a norm.
   *
   * @param residual the residual's
   * @param parts the parts of its parameters'
   */
  public record Gradients(Values residual, Values parts) {}

  /**
   * The gradients of a norm.
   *
   * @param operation which
   * @param before what the residual's gradient was
   * @return the expected ones
   */
  public static Gradients gradients(NormGradient operation, float[] before) {
    float[] residual = operation.residual().toFloats();
    float[] weight = operation.weight().toFloats();
    float[] outGradient = operation.outGradient().toFloats();
    boolean layer = operation.kind() == Norm.Kind.LAYER;
    int dim = weight.length;
    int rows = residual.length / dim;
    Values passed = new Values(residual.length);
    Values parts = new Values(Math.toIntExact(NormGradient.parts(rows)) * 2 * dim);
    for (int row = 0; row < rows; row++) {
      Moments moments = Moments.of(residual, row, dim, layer, operation.eps());
      double factor = moments.factor;
      Values normalised = new Values(dim);
      Values means = new Values(2);
      for (int i = 0; i < dim; i++) {
        double g = outGradient[row * dim + i];
        double n = (residual[row * dim + i] - moments.mean) * factor;
        double size = Math.abs(n) + Math.abs(moments.mean) * factor;
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
    return new Gradients(passed, parts);
  }
}
