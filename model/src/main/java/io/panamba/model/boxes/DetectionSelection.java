package io.panamba.model.boxes;

import java.util.Arrays;
import java.util.List;

/**
 * Chooses detections (R-CNN): without boxes that have a side or a probability that is not finite,
 * every pair of a box and a class whose probability is above the threshold, suppressed within each
 * class, the best.
 *
 * @param threshold the probability that a detection has more than, in 0..1
 * @param best how many are returned at most
 */
public record DetectionSelection(float threshold, int best) {
  /** The published models' numbers. */
  public static final DetectionSelection DEFAULT = new DetectionSelection(0.05f, 100);

  private static final double LIMIT = 0.5;

  /**
   * Checks ranges.
   *
   * @throws IllegalArgumentException if the threshold is outside of 0..1 or nothing may be found
   */
  public DetectionSelection {
    if (!(threshold >= 0 && threshold <= 1) || best < 1) {
      throw new IllegalArgumentException(
          "a threshold is in 0..1 and at least one detection is asked for; %s and %d were given"
              .formatted(threshold, best));
    }
  }

  /**
   * Makes probabilities of the logits of several stages: softmax of each, and their mean.
   *
   * @param logits of each stage, (count, columns)
   * @param count rows
   * @param columns classes and the background
   * @return (count, columns)
   */
  public static float[] meanProbabilities(List<float[]> logits, int count, int columns) {
    double[] sums = new double[columns];
    double[] terms = new double[columns];
    float[] mean = new float[count * columns];
    for (int row = 0; row < count; row++) {
      Arrays.fill(sums, 0);
      for (float[] stage : logits) {
        addSoftmax(stage, row * columns, terms, sums);
      }
      for (int i = 0; i < columns; i++) {
        mean[row * columns + i] = (float) (sums[i] / logits.size());
      }
    }
    return mean;
  }

  private static void addSoftmax(float[] logits, int at, double[] terms, double[] sums) {
    double highest = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < terms.length; i++) {
      highest = Math.max(highest, logits[at + i]);
    }
    double total = 0;
    for (int i = 0; i < terms.length; i++) {
      terms[i] = Math.exp(logits[at + i] - highest);
      total += terms[i];
    }
    for (int i = 0; i < terms.length; i++) {
      sums[i] += terms[i] / total;
    }
  }

  /**
   * Chooses.
   *
   * @param boxes four sides each, not changed
   * @param probabilities (count, classes + 1), the background last
   * @param count how many boxes there are
   * @param classes without the background
   * @param height of the image in the frame, without padding
   * @param width of the image in the frame, without padding
   * @return the detections
   */
  public SelectedBoxes select(
      float[] boxes, float[] probabilities, int count, int classes, int height, int width) {
    float[] clipped = Arrays.copyOf(boxes, count * BoxDeltas.SIDES);
    BoxDeltas.clip(clipped, count, height, width);
    boolean[] finite = new boolean[count];
    int candidates = 0;
    for (int row = 0; row < count; row++) {
      int from = row * (classes + 1);
      finite[row] =
          BoxDeltas.isFinite(boxes, row * BoxDeltas.SIDES)
              && areFinite(probabilities, from, classes + 1);
      for (int i = 0; i < classes && finite[row]; i++) {
        candidates += probabilities[from + i] > threshold ? 1 : 0;
      }
    }
    float[] candidateBoxes = new float[candidates * BoxDeltas.SIDES];
    float[] scores = new float[candidates];
    int[] classOf = new int[candidates];
    int[] rowOf = new int[candidates];
    int at = 0;
    for (int row = 0; row < count; row++) {
      for (int i = 0; i < classes && finite[row]; i++) {
        float score = probabilities[row * (classes + 1) + i];
        if (score > threshold) {
          copy(clipped, row, candidateBoxes, at);
          scores[at] = score;
          classOf[at] = i;
          rowOf[at] = row;
          at++;
        }
      }
    }
    int[] kept = Suppression.keep(candidateBoxes, scores, classOf, candidates, LIMIT, best);
    SelectedBoxes selected =
        new SelectedBoxes(
            kept.length,
            new float[kept.length * BoxDeltas.SIDES],
            new int[kept.length],
            new int[kept.length],
            new float[kept.length]);
    for (int i = 0; i < kept.length; i++) {
      copy(candidateBoxes, kept[i], selected.boxes(), i);
      selected.rows()[i] = rowOf[kept[i]];
      selected.classes()[i] = classOf[kept[i]];
      selected.scores()[i] = scores[kept[i]];
    }
    return selected;
  }

  private static boolean areFinite(float[] numbers, int from, int count) {
    for (int i = from; i < from + count; i++) {
      if (!Float.isFinite(numbers[i])) {
        return false;
      }
    }
    return true;
  }

  private static void copy(float[] from, int box, float[] to, int at) {
    System.arraycopy(from, box * BoxDeltas.SIDES, to, at * BoxDeltas.SIDES, BoxDeltas.SIDES);
  }
}
