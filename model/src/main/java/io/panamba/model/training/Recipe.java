package io.panamba.model.training;

/**
 * What a {@link TrainingRun} does.
 *
 * @param epochs passes over the images that are trained on
 * @param learningRate the highest, at the end of the warm-up
 * @param warmUpEpochs in which the learning rate rises; then it falls as a cosine to a hundredth
 * @param heldOut the part of the images that is never trained on, 0 to below 1
 * @param splitSeed of which images these are
 * @param augmentation of the images that are trained on
 * @param step how a step is made; its seed is that of order and augmentation too
 */
public record Recipe(
    int epochs,
    double learningRate,
    double warmUpEpochs,
    double heldOut,
    long splitSeed,
    Augmentation augmentation,
    TrainingOptions step) {
  /** The last learning rate, in parts of the highest. */
  private static final double FLOOR = 0.01;

  /**
   * Checks ranges.
   *
   * @throws IllegalArgumentException if a number is out of its range
   */
  public Recipe {
    if (epochs < 1) {
      throw new IllegalArgumentException("at least one epoch is trained, not " + epochs);
    }
    if (!(learningRate >= 0 && Double.isFinite(learningRate))) {
      throw new IllegalArgumentException(
          "a learning rate is a finite number and not negative; given is " + learningRate);
    }
    if (!(warmUpEpochs >= 0 && warmUpEpochs <= epochs)) {
      throw new IllegalArgumentException(
          "the warm-up is from 0 to all of the %d epochs, not %s".formatted(epochs, warmUpEpochs));
    }
    if (!(heldOut >= 0 && heldOut < 1)) {
      throw new IllegalArgumentException("the part held out is from 0 to below 1, not " + heldOut);
    }
  }

  /** The learning rates of so many steps an epoch. */
  Schedule schedule(long stepsPerEpoch) {
    return new Schedule(
        learningRate,
        learningRate * FLOOR,
        Math.round(warmUpEpochs * stepsPerEpoch),
        epochs * stepsPerEpoch);
  }
}
