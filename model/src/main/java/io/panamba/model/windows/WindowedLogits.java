package io.panamba.model.windows;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * The logits of windows over an image, as one map of the image's size: those of each window are
 * resized to the window bilinearly, and where windows overlap their mean is taken. Rows are
 * computed when they are asked for; there is no map in memory.
 */
public final class WindowedLogits {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final SlidingWindows windows;
  private final int rows;
  private final int columns;
  private final int classes;
  private final MemorySegment logits;
  private final BilinearAxis down;
  private final BilinearAxis across;

  /** One divided by how many windows of a row have each column. */
  private final float[] columnShares;

  /**
   * Describes logits.
   *
   * @param windows over the image
   * @param rows of a window's logits
   * @param columns of a window's logits
   * @param classes of every one of them
   * @param logits float32 (windows, rows, columns, classes); read when rows are asked for
   * @throws IllegalArgumentException if a size is less than 1, a row of the image has more than
   *     2^31 - 1 logits, or the memory is of another size
   */
  public WindowedLogits(
      SlidingWindows windows, int rows, int columns, int classes, MemorySegment logits) {
    if (rows < 1 || columns < 1 || classes < 1) {
      throw new IllegalArgumentException(
          "a window has logits; %d x %d of %d classes were given"
              .formatted(columns, rows, classes));
    }
    if (Math.max((long) windows.width(), columns) * classes > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "a row of %d pixels of %d classes is too large for an array"
              .formatted(windows.width(), classes));
    }
    long bytes = (long) Float.BYTES * windows.count() * rows * columns * classes;
    if (logits.byteSize() != bytes) {
      throw new IllegalArgumentException(
          "%d windows of %d x %d logits of %d classes are %d bytes, not %d"
              .formatted(windows.count(), columns, rows, classes, bytes, logits.byteSize()));
    }
    this.windows = windows;
    this.rows = rows;
    this.columns = columns;
    this.classes = classes;
    this.logits = logits;
    this.down = BilinearAxis.of(rows, windows.windowHeight());
    this.across = BilinearAxis.of(columns, windows.windowWidth());
    this.columnShares = columnShares(windows);
  }

  private static float[] columnShares(SlidingWindows windows) {
    float[] shares = new float[windows.width()];
    for (int column = 0; column < windows.columns(); column++) {
      int left = windows.left(column);
      int end = Math.min(left + windows.windowWidth(), windows.width());
      for (int x = left; x < end; x++) {
        shares[x]++;
      }
    }
    for (int x = 0; x < shares.length; x++) {
      shares[x] = 1 / shares[x];
    }
    return shares;
  }

  /**
   * Returns the height of the map.
   *
   * @return rows
   */
  public int height() {
    return windows.height();
  }

  /**
   * Returns the width of the map.
   *
   * @return pixels in a row
   */
  public int width() {
    return windows.width();
  }

  /**
   * Returns how many classes there are.
   *
   * @return logits of a pixel
   */
  public int classes() {
    return classes;
  }

  /**
   * Makes what rows are computed with. A thread has its own.
   *
   * @return a reader of rows
   */
  public Rows rows() {
    return new Rows();
  }

  /** Computes rows, with memory of its own. */
  public final class Rows {
    private final float[] upper = new float[columns * classes];
    private final float[] lower = new float[columns * classes];

    private Rows() {}

    /**
     * Computes a row.
     *
     * @param y the row, from 0
     * @param out {@code width() * classes()} logits, overwritten
     */
    public void read(int y, float[] out) {
      Arrays.fill(out, 0);
      int seen = 0;
      for (int row = 0; row < windows.rows(); row++) {
        int first = row * windows.columns();
        int inside = y - windows.top(first);
        if (inside >= 0 && inside < windows.windowHeight()) {
          seen++;
          for (int column = 0; column < windows.columns(); column++) {
            readLine(first + column, inside);
            add(windows.left(column), out);
          }
        }
      }
      for (int x = 0; x < windows.width(); x++) {
        scale(out, x * classes, columnShares[x] / seen);
      }
    }

    /** Interpolates between two rows of a window's logits, into {@code upper}. */
    private void readLine(int window, int y) {
      long line = (long) columns * classes;
      long at = (long) window * rows * line;
      int low = down.low()[y];
      int high = down.high()[y];
      MemorySegment.copy(logits, FLOAT, (at + low * line) * Float.BYTES, upper, 0, upper.length);
      if (low != high) {
        MemorySegment.copy(logits, FLOAT, (at + high * line) * Float.BYTES, lower, 0, lower.length);
        mix(upper, lower, down.part()[y]);
      }
    }

    private void add(int left, float[] out) {
      int end = Math.min(windows.windowWidth(), windows.width() - left);
      for (int x = 0; x < end; x++) {
        addPixel(
            upper,
            across.low()[x] * classes,
            across.high()[x] * classes,
            across.part()[x],
            out,
            (left + x) * classes);
      }
    }

    private void addPixel(float[] in, int low, int high, float part, float[] out, int at) {
      float rest = 1 - part;
      for (int k = 0; k < classes; k++) {
        out[at + k] += rest * in[low + k] + part * in[high + k];
      }
    }

    private void scale(float[] out, int at, float factor) {
      if (factor != 1) {
        for (int k = 0; k < classes; k++) {
          out[at + k] *= factor;
        }
      }
    }
  }

  private static void mix(float[] upper, float[] lower, float part) {
    float rest = 1 - part;
    for (int i = 0; i < upper.length; i++) {
      upper[i] = rest * upper[i] + part * lower[i];
    }
  }
}
