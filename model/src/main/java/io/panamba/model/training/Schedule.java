package io.panamba.model.training;

/**
 * Learning rates: a linear rise, then half a cosine down (arXiv 1608.03983, without restarts), step
 * by step.
 *
 * @param peak the highest rate
 * @param floor the rate that the last steps come near
 * @param warmUp steps of the rise, from peak / warmUp on
 * @param steps of the whole
 */
public record Schedule(double peak, double floor, long warmUp, long steps) {
  /**
   * Checks ranges.
   *
   * @throws IllegalArgumentException if rates are negative or not finite, or there is no step
   */
  public Schedule {
    if (!(peak >= 0 && Double.isFinite(peak) && floor >= 0 && floor <= peak)) {
      throw new IllegalArgumentException(
          "learning rates fall from %s to %s; expected finite numbers, none negative"
              .formatted(peak, floor));
    }
    if (warmUp < 0 || steps < 1) {
      throw new IllegalArgumentException(
          "%d steps with %d of warm-up; expected at least one, and no negative number"
              .formatted(steps, warmUp));
    }
  }

  /**
   * Returns the rate of a step.
   *
   * @param step from 0
   * @return the learning rate
   */
  public double rate(long step) {
    if (step < warmUp) {
      return peak * (step + 1) / warmUp;
    }
    double progress = Math.min(1, (double) (step - warmUp) / Math.max(1, steps - warmUp));
    return floor + (peak - floor) / 2 * (1 + StrictMath.cos(Math.PI * progress));
  }
}
