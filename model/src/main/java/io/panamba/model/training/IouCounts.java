package io.panamba.model.training;

/**
 * Counts how classes found and classes wanted meet, over all pixels of a set of pictures (as
 * mmsegmentation's {@code mIoU}).
 */
final class IouCounts {
  private final long[] both;
  private final long[] found;
  private final long[] wanted;
  private long pixels;

  IouCounts(int classes) {
    both = new long[classes];
    found = new long[classes];
    wanted = new long[classes];
  }

  /**
   * Adds the pixels of a picture.
   *
   * @param answers unsigned indices of classes
   * @param mask of as many pixels; those that are {@link MaskDataset#UNLABELLED} are left out
   */
  void add(short[] answers, short[] mask) {
    for (int i = 0; i < mask.length; i++) {
      int label = Short.toUnsignedInt(mask[i]);
      if (label != MaskDataset.UNLABELLED) {
        int answer = Short.toUnsignedInt(answers[i]);
        pixels++;
        found[answer]++;
        wanted[label]++;
        both[label] += answer == label ? 1 : 0;
      }
    }
  }

  /** Returns the part of the pixels whose class was found; NaN without pixels. */
  double accuracy() {
    long right = 0;
    for (long one : both) {
      right += one;
    }
    return (double) right / pixels;
  }

  /** Returns the mean of intersection over union; classes that nobody has are left out. */
  double meanIou() {
    double sum = 0;
    int classes = 0;
    for (int c = 0; c < both.length; c++) {
      long union = found[c] + wanted[c] - both[c];
      if (union > 0) {
        sum += (double) both[c] / union;
        classes++;
      }
    }
    return sum / classes;
  }
}
