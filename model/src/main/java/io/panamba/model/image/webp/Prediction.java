package io.panamba.model.image.webp;

import java.util.Arrays;

/** Predicts samples from those above and at the left: RFC 6386, section 12. */
final class Prediction {
  private static final int FLAT = 128;
  private static final int SUBBLOCK_DC = 0;
  private static final int SUBBLOCK_TRUE_MOTION = 1;

  /** Where the corner is on the edge of a subblock, which leads from the left to the right. */
  private static final int CORNER = 6;

  /** In {@link #DIRECTIONS}: the mean of two neighbours and not of three. */
  private static final int TWO = 16;

  /**
   * For the other eight modes of subblocks, the sixteen samples as places on the edge: the mean of
   * a place and its neighbours with weights of 1, 2, 1, or of a place and the next. The edge has
   * the last left sample three times, the other left samples upwards, the corner, and the samples
   * above with the last one twice.
   */
  private static final int[][] DIRECTIONS = {
    {7, 8, 9, 10, 7, 8, 9, 10, 7, 8, 9, 10, 7, 8, 9, 10},
    {5, 5, 5, 5, 4, 4, 4, 4, 3, 3, 3, 3, 2, 2, 2, 2},
    {8, 9, 10, 11, 9, 10, 11, 12, 10, 11, 12, 13, 11, 12, 13, 14},
    {6, 7, 8, 9, 5, 6, 7, 8, 4, 5, 6, 7, 3, 4, 5, 6},
    {22, 23, 24, 25, 6, 7, 8, 9, 5, 22, 23, 24, 4, 6, 7, 8},
    {23, 24, 25, 26, 8, 9, 10, 11, 24, 25, 26, 12, 9, 10, 11, 13},
    {21, 6, 7, 8, 20, 5, 21, 6, 19, 4, 20, 5, 18, 3, 19, 4},
    {20, 4, 19, 3, 19, 3, 18, 2, 18, 2, 1, 1, 1, 1, 1, 1}
  };

  private final int[] edge = new int[16];

  /**
   * Predicts a square of a macroblock's size.
   *
   * @param size 16 of luma, 8 of chroma
   */
  static void square(Plane plane, int x, int y, int size, int mode) {
    int at = plane.at(x, y);
    switch (mode) {
      case Modes.DC -> fill(plane, at, size, mean(plane, at, size, y > 0, x > 0));
      case Modes.VERTICAL -> {
        for (int row = 0; row < size; row++) {
          int to = at + row * plane.stride();
          System.arraycopy(plane.samples(), at - plane.stride(), plane.samples(), to, size);
        }
      }
      case Modes.HORIZONTAL -> {
        for (int row = 0; row < size; row++) {
          int to = at + row * plane.stride();
          Arrays.fill(plane.samples(), to, to + size, plane.samples()[to - 1]);
        }
      }
      default -> trueMotion(plane, at, size);
    }
  }

  /**
   * Predicts a subblock of luma.
   *
   * @param right where the four samples are that follow those above
   * @param rightSamples what holds them
   */
  void subblock(Plane plane, int at, int mode, byte[] rightSamples, int right) {
    switch (mode) {
      case SUBBLOCK_DC -> fill(plane, at, 4, mean(plane, at, 4, true, true));
      case SUBBLOCK_TRUE_MOTION -> trueMotion(plane, at, 4);
      default -> {
        readEdge(plane, at, rightSamples, right);
        int[] places = DIRECTIONS[mode - 2];
        for (int i = 0; i < 16; i++) {
          int to = at + (i >> 2) * plane.stride() + (i & 3);
          plane.samples()[to] = (byte) blend(places[i]);
        }
      }
    }
  }

  private int blend(int place) {
    if (place >= TWO) {
      return (edge[place - TWO] + edge[place - TWO + 1] + 1) >> 1;
    }
    return (edge[place - 1] + 2 * edge[place] + edge[place + 1] + 2) >> 2;
  }

  private void readEdge(Plane plane, int at, byte[] rightSamples, int right) {
    byte[] samples = plane.samples();
    int above = at - plane.stride();
    for (int i = 0; i < 4; i++) {
      edge[CORNER - 1 - i] = samples[at + i * plane.stride() - 1] & 255;
      edge[CORNER + 1 + i] = samples[above + i] & 255;
      edge[CORNER + 5 + i] = rightSamples[right + i] & 255;
    }
    edge[CORNER] = samples[above - 1] & 255;
    edge[0] = edge[1] = edge[2];
    edge[15] = edge[14];
  }

  /** The rounded mean of the neighbours that are in the frame. */
  private static int mean(Plane plane, int at, int size, boolean above, boolean left) {
    if (!above && !left) {
      return FLAT;
    }
    int sum = 0;
    int count = 0;
    if (above) {
      for (int i = 0; i < size; i++) {
        sum += plane.samples()[at - plane.stride() + i] & 255;
      }
      count += size;
    }
    if (left) {
      for (int i = 0; i < size; i++) {
        sum += plane.samples()[at + i * plane.stride() - 1] & 255;
      }
      count += size;
    }
    return (sum + count / 2) / count;
  }

  private static void fill(Plane plane, int at, int size, int value) {
    for (int row = 0; row < size; row++) {
      int to = at + row * plane.stride();
      Arrays.fill(plane.samples(), to, to + size, (byte) value);
    }
  }

  /** Left plus above minus corner. */
  private static void trueMotion(Plane plane, int at, int size) {
    byte[] samples = plane.samples();
    int above = at - plane.stride();
    int corner = samples[above - 1] & 255;
    for (int row = 0; row < size; row++) {
      int to = at + row * plane.stride();
      int step = (samples[to - 1] & 255) - corner;
      for (int i = 0; i < size; i++) {
        samples[to + i] = (byte) Math.clamp((samples[above + i] & 255) + step, 0, 255);
      }
    }
  }
}
