package io.panamba.model.boxes;

import java.util.Arrays;

/**
 * Non-maximum suppression, greedy: the box of the highest score is kept, those that overlap it are
 * dropped, and so on with the rest. Of equal scores that of the lower index comes first. Two boxes
 * overlap when they are of one group and their intersection is more than {@code limit} of their
 * union; 0/0 is not.
 */
public final class Suppression {
  private Suppression() {}

  /**
   * Chooses boxes.
   *
   * @param boxes four sides each
   * @param scores one for each box
   * @param groups one for each box, from 0
   * @param count how many boxes there are
   * @param limit the largest part of the union that an intersection may be
   * @param most how many boxes are returned at most
   * @return the indices of the boxes that are kept, the best first
   */
  public static int[] keep(
      float[] boxes, float[] scores, int[] groups, int count, double limit, int most) {
    int[] order = Ranking.all(scores, count);
    int groupCount = 0;
    for (int i = 0; i < count; i++) {
      groupCount = Math.max(groupCount, groups[i] + 1);
    }
    // The places of each group's boxes, which stay in the order of their scores.
    int[] ends = new int[groupCount + 1];
    for (int i = 0; i < count; i++) {
      ends[groups[i] + 1]++;
    }
    for (int group = 0; group < groupCount; group++) {
      ends[group + 1] += ends[group];
    }
    int[] starts = ends.clone();
    Sorted sorted = new Sorted(count);
    int[] places = new int[count];
    for (int rank = 0; rank < count; rank++) {
      places[rank] = starts[groups[order[rank]]]++;
      sorted.set(places[rank], boxes, order[rank] * BoxDeltas.SIDES);
    }
    for (int group = 0; group < groupCount; group++) {
      sorted.suppress(ends[group], ends[group + 1], limit);
    }
    int[] kept = new int[Math.min(count, most)];
    int size = 0;
    for (int rank = 0; rank < count && size < kept.length; rank++) {
      if (!sorted.dropped[places[rank]]) {
        kept[size++] = order[rank];
      }
    }
    return Arrays.copyOf(kept, size);
  }

  /** Boxes by group and score, a side an array: loops over them run in vectors. */
  private static final class Sorted {
    private final double[] x0;
    private final double[] y0;
    private final double[] x1;
    private final double[] y1;
    private final double[] area;
    private final boolean[] dropped;

    Sorted(int count) {
      x0 = new double[count];
      y0 = new double[count];
      x1 = new double[count];
      y1 = new double[count];
      area = new double[count];
      dropped = new boolean[count];
    }

    void set(int place, float[] boxes, int at) {
      x0[place] = boxes[at];
      y0[place] = boxes[at + 1];
      x1[place] = boxes[at + 2];
      y1[place] = boxes[at + 3];
      area[place] = (x1[place] - x0[place]) * (y1[place] - y0[place]);
    }

    void suppress(int from, int to, double limit) {
      for (int i = from; i < to; i++) {
        if (dropped[i]) {
          continue;
        }
        for (int j = i + 1; j < to; j++) {
          double width = Math.max(Math.min(x1[i], x1[j]) - Math.max(x0[i], x0[j]), 0);
          double height = Math.max(Math.min(y1[i], y1[j]) - Math.max(y0[i], y0[j]), 0);
          double intersection = width * height;
          dropped[j] |= intersection / (area[i] + area[j] - intersection) > limit;
        }
      }
    }
  }
}
