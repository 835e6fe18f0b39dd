package io.panamba.model.boxes;

/**
 * How a network moves boxes (R-CNN): of a box with centre (cx, cy), width w and height h, deltas
 * (dx, dy, dw, dh) make one with centre (cx + w dx/W, cy + h dy/W) and sides w exp(dw/V) and h
 * exp(dh/V), the exponents being at most ln(1000/16).
 *
 * @param centreWeight W, positive
 * @param sizeWeight V, positive
 */
public record BoxDeltas(double centreWeight, double sizeWeight) {
  /** The deltas of region proposals. */
  public static final BoxDeltas PROPOSALS = new BoxDeltas(1, 1);

  /** Sides of a box, and its deltas. */
  static final int SIDES = 4;

  private static final double MOST = Math.log(1000.0 / 16);

  /**
   * Moves a box. What is not finite among box and deltas makes sides that are not.
   *
   * @param boxes where the box is
   * @param box the place of its first side
   * @param deltas where the deltas are
   * @param delta the place of the first one
   * @param out where the moved box goes; may be {@code boxes}
   * @param at the place of its first side
   */
  public void decode(float[] boxes, int box, float[] deltas, int delta, float[] out, int at) {
    double width = (double) boxes[box + 2] - boxes[box];
    double height = (double) boxes[box + 3] - boxes[box + 1];
    double x = boxes[box] + width / 2 + deltas[delta] / centreWeight * width;
    double y = boxes[box + 1] + height / 2 + deltas[delta + 1] / centreWeight * height;
    double halfWidth = Math.exp(Math.min(deltas[delta + 2] / sizeWeight, MOST)) * width / 2;
    double halfHeight = Math.exp(Math.min(deltas[delta + 3] / sizeWeight, MOST)) * height / 2;
    out[at] = (float) (x - halfWidth);
    out[at + 1] = (float) (y - halfHeight);
    out[at + 2] = (float) (x + halfWidth);
    out[at + 3] = (float) (y + halfHeight);
  }

  /**
   * Moves boxes.
   *
   * @param boxes {@code count} boxes
   * @param deltas four for each
   * @param count how many
   * @return the moved boxes
   */
  public float[] decode(float[] boxes, float[] deltas, int count) {
    float[] out = new float[count * SIDES];
    for (int i = 0; i < out.length; i += SIDES) {
      decode(boxes, i, deltas, i, out, i);
    }
    return out;
  }

  /**
   * Cuts boxes off at the sides of an image, in place. One that lies outside becomes empty.
   *
   * @param boxes changed
   * @param count how many
   * @param height of the image in pixels
   * @param width of the image in pixels
   */
  public static void clip(float[] boxes, int count, int height, int width) {
    for (int i = 0; i < count * SIDES; i += 2) {
      boxes[i] = Math.clamp(boxes[i], 0, width);
      boxes[i + 1] = Math.clamp(boxes[i + 1], 0, height);
    }
  }

  /** Tells whether the four sides of a box are finite. */
  static boolean isFinite(float[] boxes, int at) {
    return Float.isFinite(boxes[at])
        && Float.isFinite(boxes[at + 1])
        && Float.isFinite(boxes[at + 2])
        && Float.isFinite(boxes[at + 3]);
  }

  /** Tells whether a box has an area. */
  static boolean hasArea(float[] boxes, int at) {
    return boxes[at + 2] > boxes[at] && boxes[at + 3] > boxes[at + 1];
  }
}
