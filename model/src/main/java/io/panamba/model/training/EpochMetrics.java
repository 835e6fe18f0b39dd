package io.panamba.model.training;

/**
 * What an epoch came to.
 *
 * @param epoch from 1
 * @param trainingLoss the mean over the epoch's steps, each before its update
 * @param heldOutLoss the mean cross-entropy, without smoothing, of the images held out; NaN if
 *     there are none
 * @param heldOutAccuracy the part of them whose class was named; NaN if there are none
 * @param learningRate of the last step
 * @param seconds that it took; of one that was resumed, since then
 */
public record EpochMetrics(
    int epoch,
    double trainingLoss,
    double heldOutLoss,
    double heldOutAccuracy,
    double learningRate,
    double seconds) {
  static final int NUMBERS = 6;

  double[] toArray() {
    return new double[] {epoch, trainingLoss, heldOutLoss, heldOutAccuracy, learningRate, seconds};
  }

  static EpochMetrics of(double[] numbers) {
    return new EpochMetrics(
        (int) numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]);
  }
}
