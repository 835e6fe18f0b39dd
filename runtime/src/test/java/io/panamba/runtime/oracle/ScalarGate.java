package io.panamba.runtime.oracle;

/** Gates. */
public final class ScalarGate {
  private ScalarGate() {}

  /**
   * Products, element by element.
   *
   * @param gate numbers
   * @param x as many
   * @return as many
   */
  public static Values out(float[] gate, float[] x) {
    Values out = new Values(x.length);
    for (int i = 0; i < x.length; i++) {
      out.add(i, (double) gate[i] * x[i]);
    }
    return out;
  }
}
