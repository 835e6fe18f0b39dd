package io.panamba.model.boxes;

import io.panamba.model.detection.Box;
import io.panamba.model.detection.Mask;
import java.util.BitSet;

/**
 * Puts the small masks of a network into an image (detectron2, {@code mask_ops.py}): the centre of
 * pixel x has the mask coordinate {@code side (x + 1/2 - x0) / (x1 - x0) - 1/2}; between the
 * centres of the mask's pixels its probability is interpolated bilinearly, with 0 outside of the
 * mask, and a pixel is inside where it is at least 1/2.
 */
public final class MaskPaste {
  private static final double INSIDE = 0.5;

  private MaskPaste() {}

  /**
   * Makes probabilities of logits, in place.
   *
   * @param logits changed
   */
  public static void sigmoid(float[] logits) {
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) (1 / (1 + Math.exp(-logits[i])));
    }
  }

  /**
   * Puts a mask into its box.
   *
   * @param probabilities where the mask is
   * @param from the place of its first number
   * @param side of the mask: it has {@code side * side} numbers, by rows
   * @param box in pixels of the image; an empty one has no pixels
   * @param height of the image in pixels
   * @param width of the image in pixels
   * @return the pixels
   * @throws IllegalArgumentException if the image has more than 2^31 - 1 pixels
   */
  public static Mask paste(
      float[] probabilities, int from, int side, Box box, int height, int width) {
    Axis columns = Axis.of(box.x0(), box.x1(), side, width);
    Axis rows = Axis.of(box.y0(), box.y1(), side, height);
    if (box.isEmpty() || columns.count == 0 || rows.count == 0) {
      return Mask.of(height, width, 0, 0, 0, 0, new BitSet());
    }
    BitSet inside = new BitSet(columns.count * rows.count);
    // A column of the mask at the column of the image, with a zero above and below.
    double[] column = new double[side + 2];
    for (int x = 0; x < columns.count; x++) {
      int cell = columns.cells[x];
      double part = columns.parts[x];
      for (int y = 0; y < side; y++) {
        int row = from + y * side;
        double left = cell >= 0 ? probabilities[row + cell] : 0;
        double right = cell + 1 < side ? probabilities[row + cell + 1] : 0;
        column[y + 1] = left * (1 - part) + right * part;
      }
      fill(column, rows, inside, x * rows.count);
    }
    return Mask.of(height, width, columns.first, rows.first, columns.count, rows.count, inside);
  }

  private static void fill(double[] column, Axis rows, BitSet inside, int at) {
    int start = 0;
    while (start < rows.count) {
      int cell = rows.cells[start];
      int end = start + 1;
      while (end < rows.count && rows.cells[end] == cell) {
        end++;
      }
      double upper = column[cell + 1];
      double lower = column[cell + 2];
      if (upper >= INSIDE && lower >= INSIDE) {
        inside.set(at + start, at + end);
      } else if (upper >= INSIDE || lower >= INSIDE) {
        for (int y = start; y < end; y++) {
          double part = rows.parts[y];
          if (upper * (1 - part) + lower * part >= INSIDE) {
            inside.set(at + y);
          }
        }
      }
      start = end;
    }
  }

  /**
   * The pixels of an image along one axis that lie between mask coordinates -1 and {@code side}.
   *
   * @param first the first pixel
   * @param count how many
   * @param cells of each pixel the mask's pixel before it, from -1 to {@code side - 1}
   * @param parts of each pixel how far it is from there to the next, in 0..1
   */
  @SuppressWarnings("ArrayRecordComponent")
  private record Axis(int first, int count, int[] cells, double[] parts) {
    static Axis of(double low, double high, int side, int size) {
      double cell = (high - low) / side;
      // Half a cell around the box: what is farther away is 0.
      int first = (int) Math.clamp(Math.floor(low - cell / 2 - 0.5), 0, size);
      int last = (int) Math.clamp(Math.ceil(high + cell / 2 + 0.5), 0, size);
      int[] cells = new int[Math.max(last - first, 0)];
      double[] parts = new double[cells.length];
      int start = -1;
      int count = 0;
      for (int i = first; i < last; i++) {
        double coordinate = side * ((i + 0.5 - low) / (high - low)) - 0.5;
        double floor = Math.floor(coordinate);
        if (floor >= -1 && floor < side) {
          start = start < 0 ? i : start;
          cells[count] = (int) floor;
          parts[count] = coordinate - floor;
          count++;
        }
      }
      return new Axis(Math.max(start, 0), count, cells, parts);
    }
  }
}
