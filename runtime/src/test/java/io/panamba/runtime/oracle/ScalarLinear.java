package io.panamba.runtime.oracle;

/** Linear layers. */
public final class ScalarLinear {
  private ScalarLinear() {}

  /**
   * The sums of a layer that overwrites, before its activation.
   *
   * @param input (rows, depth)
   * @param weight (columns, depth)
   * @param bias (columns) or null
   * @param rows how many
   * @param columns how many
   * @return (rows, columns)
   */
  public static Values out(float[] input, float[] weight, float[] bias, int rows, int columns) {
    int depth = input.length / rows;
    Values out = new Values(rows * columns);
    for (int i = 0; i < out.count(); i++) {
      for (int k = 0; k < depth; k++) {
        out.add(i, (double) input[i / columns * depth + k] * weight[i % columns * depth + k]);
      }
      out.add(i, Floats.at(bias, i % columns));
    }
    return out;
  }

  /**
   * A layer whose result goes through a gate.
   *
   * @param sums of the layer
   * @param gate as many numbers
   * @return their products
   */
  public static Values gated(Values sums, float[] gate) {
    Values out = new Values(gate.length);
    for (int i = 0; i < gate.length; i++) {
      out.add(i, gate[i] * sums.value(i), gate[i] * sums.magnitude(i));
    }
    return out;
  }
}
