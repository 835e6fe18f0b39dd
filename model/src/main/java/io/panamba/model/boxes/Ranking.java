package io.panamba.model.boxes;

import java.util.Arrays;

/**
 * The order of scores: the highest first, of equal ones that of the lower index. NaN is above all
 * numbers, as in torch's sort, and the two zeros are equal.
 */
final class Ranking {
  private Ranking() {}

  /** Returns the indices of the first {@code count} scores in their order. */
  static int[] all(float[] scores, int count) {
    long[] keys = new long[count];
    for (int i = 0; i < count; i++) {
      keys[i] = key(scores[i], i);
    }
    Arrays.sort(keys);
    return indices(keys);
  }

  /**
   * Returns the indices of the best of the first {@code count} scores in their order, at most
   * {@code most}, which is positive.
   */
  static int[] best(float[] scores, int count, int most) {
    if (count <= most) {
      return all(scores, count);
    }
    // A heap of the best ones so far, with the last of them at its top.
    long[] heap = new long[most];
    for (int i = 0; i < most; i++) {
      heap[i] = key(scores[i], i);
    }
    for (int i = most / 2 - 1; i >= 0; i--) {
      sink(heap, i);
    }
    for (int i = most; i < count; i++) {
      long key = key(scores[i], i);
      if (key < heap[0]) {
        heap[0] = key;
        sink(heap, 0);
      }
    }
    Arrays.sort(heap);
    return indices(heap);
  }

  private static void sink(long[] heap, int start) {
    int at = start;
    long key = heap[at];
    for (int child = 2 * at + 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && heap[child + 1] > heap[child]) {
        child++;
      }
      if (heap[child] <= key) {
        break;
      }
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = key;
  }

  /** A number that is smaller the earlier a score comes. */
  private static long key(float score, int index) {
    int bits = Float.floatToIntBits(score + 0f);
    // Negative floats have the order of their bits reversed.
    int ascending = bits ^ (bits >> 31 & Integer.MAX_VALUE);
    return (long) ~ascending << 32 | index;
  }

  private static int[] indices(long[] keys) {
    int[] indices = new int[keys.length];
    for (int i = 0; i < keys.length; i++) {
      indices[i] = (int) keys[i];
    }
    return indices;
  }
}
