package io.panamba.model.boxes;

/**
 * The anchors of a level of the pyramid (Faster R-CNN): three at each cell of its map, of an area
 * of {@code size} squared and height to width 1/2, 1 and 2, centred on the cell's upper left
 * corner. They are counted by row, column and ratio.
 *
 * @param size the side of the square one in pixels
 * @param stride pixels from cell to cell
 * @param rows of the map
 * @param columns of the map
 */
public record AnchorGrid(int size, int stride, int rows, int columns) {
  /** Anchors of a cell. */
  public static final int PER_CELL = 3;

  private static final double[] RATIOS = {0.5, 1, 2};

  /**
   * Checks ranges.
   *
   * @throws IllegalArgumentException if one is less than 1 or there are 2^29 anchors
   */
  public AnchorGrid {
    if (size < 1 || stride < 1 || rows < 1 || columns < 1) {
      throw new IllegalArgumentException(
          "anchors have a size, a stride and cells; %d, %d and %d x %d were given"
              .formatted(size, stride, rows, columns));
    }
    if ((long) rows * columns * PER_CELL * BoxDeltas.SIDES > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "a map of %d x %d cells has more anchors than fit an array".formatted(rows, columns));
    }
  }

  /**
   * Returns how many there are.
   *
   * @return anchors
   */
  public int count() {
    return rows * columns * PER_CELL;
  }

  /**
   * Writes an anchor.
   *
   * @param index which one
   * @param out where its four sides go
   * @param at their place
   */
  public void write(int index, float[] out, int at) {
    int cell = index / PER_CELL;
    double ratio = RATIOS[index % PER_CELL];
    double width = Math.sqrt((double) size * size / ratio);
    // The published models keep the halves as float32.
    float halfWidth = (float) (width / 2);
    float halfHeight = (float) (ratio * width / 2);
    int row = cell / columns;
    float x = (float) (cell - row * columns) * stride;
    float y = (float) row * stride;
    out[at] = x - halfWidth;
    out[at + 1] = y - halfHeight;
    out[at + 2] = x + halfWidth;
    out[at + 3] = y + halfHeight;
  }

  /**
   * Returns all of them.
   *
   * @return {@code count()} boxes
   */
  public float[] boxes() {
    float[] boxes = new float[count() * BoxDeltas.SIDES];
    for (int i = 0; i < count(); i++) {
      write(i, boxes, i * BoxDeltas.SIDES);
    }
    return boxes;
  }
}
