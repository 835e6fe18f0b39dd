package io.panamba.model.block;

/**
 * How the numbers of a trained grid become those of another one, axis by axis, with the centres of
 * cells half a cell from the border (align_corners=False). An axis that keeps its size keeps its
 * numbers.
 */
public enum Resampling {
  /**
   * Cubic, a = -0.75: always four taps, of which those beyond the border repeat it, and no
   * antialiasing. Torch's bicubic, which the original code of Vim and DeiT uses.
   */
  CLAMPED_CUBIC {
    @Override
    Taps between(int i, int size, int side) {
      double source = (i + 0.5) * ((double) side / size) - 0.5;
      int base = (int) Math.floor(source);
      double fraction = source - base;
      int[] places = new int[TAPS];
      double[] weights = new double[TAPS];
      for (int tap = 0; tap < TAPS; tap++) {
        places[tap] = Math.clamp(base - 1L + tap, 0, side - 1);
        weights[tap] = cubic(-0.75, Math.abs(fraction + 1 - tap));
      }
      return new Taps(places, weights);
    }
  },

  /**
   * Cubic, a = -0.5, widened by the reduction where the grid becomes smaller; taps beyond the
   * border are left out, and the weights of the others add up to 1. Torch's bicubic with
   * antialiasing, and Pillow's; timm uses it.
   */
  ANTIALIASED_CUBIC {
    @Override
    Taps between(int i, int size, int side) {
      double scale = (double) side / size;
      double stretch = Math.max(scale, 1);
      double support = SUPPORT * stretch;
      double center = (i + 0.5) * scale;
      int first = Math.max((int) (center - support + 0.5), 0);
      int end = Math.min((int) (center + support + 0.5), side);
      int[] places = new int[end - first];
      double[] weights = new double[end - first];
      double sum = 0;
      for (int tap = 0; tap < weights.length; tap++) {
        places[tap] = first + tap;
        weights[tap] = cubic(-0.5, Math.abs((first + tap - center + 0.5) / stretch));
        sum += weights[tap];
      }
      for (int tap = 0; tap < weights.length; tap++) {
        weights[tap] /= sum;
      }
      return new Taps(places, weights);
    }
  };

  private static final int TAPS = 4;
  private static final double SUPPORT = 2;

  /** The places of an axis from which a new one is made, and how much of each. */
  record Taps(int[] places, double[] weights) {}

  /**
   * Tells what place {@code i} of an axis is made of.
   *
   * @param i from 0
   * @param size of the new axis
   * @param side of the trained axis
   */
  Taps taps(int i, int size, int side) {
    return size == side ? new Taps(new int[] {i}, new double[] {1}) : between(i, size, side);
  }

  /** As {@link #taps}, of axes of two sizes. */
  abstract Taps between(int i, int size, int side);

  /** Keys' cubic convolution at a distance of 0 or more. */
  private static double cubic(double a, double x) {
    if (x <= 1) {
      return ((a + 2) * x - (a + 3)) * x * x + 1;
    }
    return x < SUPPORT ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
  }
}
