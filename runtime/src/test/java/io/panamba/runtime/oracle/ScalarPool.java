package io.panamba.runtime.oracle;

import io.panamba.runtime.operation.Pool;
import io.panamba.runtime.operation.PoolGradient;

/** Means and maxima over tokens, and their gradients. */
public final class ScalarPool {
  private ScalarPool() {}

  /**
   * A pooling. A maximum is one of the inputs, exactly.
   *
   * @param operation which
   * @return (batch, dim)
   */
  public static Values out(Pool operation) {
    float[] input = Floats.of(operation.input());
    int length = Math.toIntExact(operation.input().shape().size(1));
    int dim = Math.toIntExact(operation.input().shape().size(2));
    boolean max = operation.kind() == Pool.Kind.MAX;
    Values out = new Values(input.length / length);
    for (int i = 0; i < out.count(); i++) {
      double largest = Double.NEGATIVE_INFINITY;
      for (int k = 0; k < operation.count(); k++) {
        int token = Math.toIntExact(operation.first() + k * operation.step());
        float value = input[(i / dim * length + token) * dim + i % dim];
        if (!max) {
          out.add(i, (double) value / operation.count());
        }
        largest = Math.max(largest, value);
      }
      if (max) {
        out.set(i, largest, 0);
      }
    }
    return out;
  }

  /**
   * The gradient of a pooling, exact but for a division.
   *
   * @param operation which
   * @return (batch, length, dim)
   */
  public static Values gradient(PoolGradient operation) {
    int length = Math.toIntExact(operation.inputGradient().shape().size(1));
    int dim = Math.toIntExact(operation.inputGradient().shape().size(2));
    float[] input = Floats.of(operation.input());
    float[] outGradient = Floats.of(operation.outGradient());
    boolean max = operation.kind() == Pool.Kind.MAX;
    Values out = new Values(outGradient.length * length);
    for (int i = 0; i < outGradient.length; i++) {
      int column = i / dim * length * dim + i % dim;
      int largest = -1;
      for (int k = 0; k < operation.count(); k++) {
        int place = column + Math.toIntExact(operation.first() + k * operation.step()) * dim;
        if (!max) {
          out.set(place, outGradient[i] / (float) operation.count(), 0);
        } else if (largest < 0 || input[place] > input[largest]) {
          largest = place;
        }
      }
      if (max) {
        out.set(largest, outGradient[i], 0);
      }
    }
    return out;
  }
}
