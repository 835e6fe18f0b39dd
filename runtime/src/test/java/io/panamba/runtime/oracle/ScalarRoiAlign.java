package io.panamba.runtime.oracle;

import io.panamba.runtime.operation.RoiAlign;

/** RoIAlign, sample by sample, of finite boxes. */
public final class ScalarRoiAlign {
  private ScalarRoiAlign() {}

  /** The samples of one axis of a bin, none where a box has no size. */
  private static double[] samples(double first, double end, int side, int bin) {
    double size = (end - first) / side;
    double[] positions = new double[Math.max(0, (int) Math.ceil(size))];
    for (int i = 0; i < positions.length; i++) {
      positions[i] = first + size * (bin + (i + 0.5) / positions.length);
    }
    return positions;
  }

  /** Where a position of an axis lies: what the two pixels count, and which they are. */
  private record Place(int low, int high, double share) {
    static Place of(double position, long size) {
      int last = Math.toIntExact(size - 1);
      double inside = Math.max(position, 0);
      return inside >= last
          ? new Place(last, last, 0)
          : new Place((int) inside, (int) inside + 1, inside - (int) inside);
    }
  }

  /**
   * The maps of boxes.
   *
   * @param operation which
   * @return (count, side * side, channels)
   */
  public static Values out(RoiAlign operation) {
    float[] boxes = Floats.of(operation.boxes());
    int side = operation.side();
    int channels = Math.toIntExact(operation.out().shape().size(2));
    Values out = new Values(boxes.length / 5 * side * side * channels);
    float[][] maps =
        operation.levels().stream().map(level -> Floats.of(level.map())).toArray(float[][]::new);
    for (int box = 0; box < boxes.length / 5; box++) {
      float level = boxes[box * 5 + 4];
      if (level < 0 || level >= maps.length || level != (int) level) {
        continue;
      }
      RoiAlign.Level map = operation.levels().get((int) level);
      double[] corners = new double[4];
      for (int i = 0; i < corners.length; i++) {
        corners[i] = (double) boxes[box * 5 + i] * map.scale() - 0.5;
      }
      for (int bin = 0; bin < side * side; bin++) {
        double[] rows = samples(corners[1], corners[3], side, bin / side);
        double[] columns = samples(corners[0], corners[2], side, bin % side);
        for (double y : rows) {
          for (double x : columns) {
            int first = (box * side * side + bin) * channels;
            add(out, first, channels, map, maps[(int) level], y, x, rows.length * columns.length);
          }
        }
      }
    }
    return out;
  }

  /** Adds one of so many samples, unless it lies outside. */
  private static void add(
      Values out,
      int first,
      int channels,
      RoiAlign.Level level,
      float[] map,
      double y,
      double x,
      int count) {
    long height = level.grid().height();
    long width = level.grid().width();
    if (y < -1 || y > height || x < -1 || x > width) {
      return;
    }
    Place row = Place.of(y, height);
    Place column = Place.of(x, width);
    for (int part = 0; part < 4; part++) {
      double down = part / 2 == 0 ? 1 - row.share : row.share;
      double across = part % 2 == 0 ? 1 - column.share : column.share;
      int pixel =
          (part / 2 == 0 ? row.low : row.high) * Math.toIntExact(width)
              + (part % 2 == 0 ? column.low : column.high);
      for (int c = 0; c < channels; c++) {
        out.add(first + c, down * across * map[pixel * channels + c] / count);
      }
    }
  }
}
