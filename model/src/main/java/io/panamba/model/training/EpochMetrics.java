package io.panamba.model.training;

/**
 * What an epoch came to.
 *
 * @param epoch from 1
 * @param trainingLoss the mean over the epoch's steps, each before its update
 * @param heldOutLoss the mean cross-entropy, without smoothing, of the images held out; NaN if
 *     there are none, or classes of pixels are trained
 * @param heldOutAccuracy the part of them, or of their pixels, whose class was named; NaN if there
 *     are none
 * @param heldOutIou intersection over union of their pixels, the mean over classes; NaN if there
 *     are none, or classes of pictures are trained
 * @param learningRate of the last step
 * @param seconds that it took; of one that was resumed, since then
 */
public record EpochMetrics(
    int epoch,
    double trainingLoss,
    double heldOutLoss,
    double heldOutAccuracy,
    double heldOutIou,
    double learningRate,
    double seconds) {
  static final int NUMBERS = 7;

  double[] toArray() {
    return new double[] {
      epoch, trainingLoss, heldOutLoss, heldOutAccuracy, heldOutIou, learningRate, seconds
    };
  }

  static EpochMetrics of(double[] numbers) {
    return new EpochMetrics(
        (int) numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6]);
  }
}
