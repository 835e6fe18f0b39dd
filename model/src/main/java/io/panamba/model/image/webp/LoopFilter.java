package io.panamba.model.image.webp;

/** Smooths the edges of blocks: RFC 6386, section 15. */
final class LoopFilter {
  private final Planes planes;
  private final boolean simple;

  LoopFilter(Planes planes, boolean simple) {
    this.planes = planes;
    this.simple = simple;
  }

  /**
   * Filters a macroblock's left and upper edges and those inside of it; those before it in the
   * order of rows have been filtered.
   */
  void filter(int column, int row, FilterStrength strength, boolean inside) {
    if (strength.subblockLimit() == 0) {
      return;
    }
    for (boolean vertical : new boolean[] {true, false}) {
      if ((vertical ? column : row) > 0) {
        edges(planes.luma(), 16, column, row, 0, vertical, strength, true);
        if (!simple) {
          edges(planes.blue(), 8, column, row, 0, vertical, strength, true);
          edges(planes.red(), 8, column, row, 0, vertical, strength, true);
        }
      }
      if (inside) {
        for (int offset = 4; offset < 16; offset += 4) {
          edges(planes.luma(), 16, column, row, offset, vertical, strength, false);
        }
        if (!simple) {
          edges(planes.blue(), 8, column, row, 4, vertical, strength, false);
          edges(planes.red(), 8, column, row, 4, vertical, strength, false);
        }
      }
    }
  }

  /** Filters the samples on both sides of one edge. */
  private void edges(
      Plane plane,
      int size,
      int column,
      int row,
      int offset,
      boolean vertical,
      FilterStrength strength,
      boolean macroblock) {
    int x = size * column + (vertical ? offset : 0);
    int y = size * row + (vertical ? 0 : offset);
    int across = vertical ? 1 : plane.stride();
    int along = vertical ? plane.stride() : 1;
    int limit = 2 * (macroblock ? strength.macroblockLimit() : strength.subblockLimit()) + 1;
    byte[] samples = plane.samples();
    int at = plane.at(x, y);
    for (int i = 0; i < size; i++) {
      if (simple) {
        simple(samples, at, across, limit);
      } else {
        normal(samples, at, across, limit, strength, macroblock);
      }
      at += along;
    }
  }

  private static void simple(byte[] samples, int at, int across, int limit) {
    int p1 = samples[at - 2 * across] & 255;
    int p0 = samples[at - across] & 255;
    int q0 = samples[at] & 255;
    int q1 = samples[at + across] & 255;
    if (4 * Math.abs(p0 - q0) + Math.abs(p1 - q1) <= limit) {
      smoothNext(samples, at, across, p1, p0, q0, q1);
    }
  }

  private static void normal(
      byte[] samples, int at, int across, int limit, FilterStrength strength, boolean macroblock) {
    int p1 = samples[at - 2 * across] & 255;
    int p0 = samples[at - across] & 255;
    int q0 = samples[at] & 255;
    int q1 = samples[at + across] & 255;
    if (4 * Math.abs(p0 - q0) + Math.abs(p1 - q1) > limit) {
      return;
    }
    int p3 = samples[at - 4 * across] & 255;
    int p2 = samples[at - 3 * across] & 255;
    int q2 = samples[at + 2 * across] & 255;
    int q3 = samples[at + 3 * across] & 255;
    int interior = strength.interior();
    if (Math.abs(p3 - p2) > interior
        || Math.abs(p2 - p1) > interior
        || Math.abs(p1 - p0) > interior
        || Math.abs(q3 - q2) > interior
        || Math.abs(q2 - q1) > interior
        || Math.abs(q1 - q0) > interior) {
      return;
    }
    int threshold = strength.varianceThreshold();
    if (Math.abs(p1 - p0) > threshold || Math.abs(q1 - q0) > threshold) {
      smoothNext(samples, at, across, p1, p0, q0, q1);
    } else if (macroblock) {
      int step = signed(3 * (q0 - p0) + signed(p1 - q1));
      int most = (27 * step + 63) >> 7;
      int more = (18 * step + 63) >> 7;
      int some = (9 * step + 63) >> 7;
      samples[at - 3 * across] = clip(p2 + some);
      samples[at - 2 * across] = clip(p1 + more);
      samples[at - across] = clip(p0 + most);
      samples[at] = clip(q0 - most);
      samples[at + across] = clip(q1 - more);
      samples[at + 2 * across] = clip(q2 - some);
    } else {
      int step = 3 * (q0 - p0);
      int right = signed(step + 4) >> 3;
      int outer = (right + 1) >> 1;
      samples[at - 2 * across] = clip(p1 + outer);
      samples[at - across] = clip(p0 + (signed(step + 3) >> 3));
      samples[at] = clip(q0 - right);
      samples[at + across] = clip(q1 - outer);
    }
  }

  /** Changes the two samples next to an edge. */
  private static void smoothNext(
      byte[] samples, int at, int across, int p1, int p0, int q0, int q1) {
    int step = 3 * (q0 - p0) + signed(p1 - q1);
    samples[at - across] = clip(p0 + (signed(step + 3) >> 3));
    samples[at] = clip(q0 - (signed(step + 4) >> 3));
  }

  private static int signed(int value) {
    return Math.clamp(value, -128, 127);
  }

  private static byte clip(int value) {
    return (byte) Math.clamp(value, 0, 255);
  }
}
