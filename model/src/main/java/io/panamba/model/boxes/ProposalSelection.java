package io.panamba.model.boxes;

import java.util.Arrays;

/**
 * Chooses region proposals (Faster R-CNN with a feature pyramid): of each level the best by their
 * logit, all together without what is not finite, cut off at the image's sides without what is
 * empty then, suppressed within each level, and of all levels the best. Boxes of the padding take
 * places among the best of a level, since they are cut off only then.
 */
public final class ProposalSelection {
  private static final int PER_LEVEL = 1000;
  private static final int TOTAL = 1000;
  private static final double LIMIT = 0.7;

  private final int height;
  private final int width;
  private final int perLevel;
  private final int total;
  private float[] boxes = new float[0];
  private float[] logits = new float[0];
  private int[] levels = new int[0];
  private int count;
  private int level;

  /**
   * Starts a selection with the numbers of the published models: 1000 of each level, 1000 in all.
   *
   * @param height of the image in the frame, without padding
   * @param width of the image in the frame, without padding
   */
  public ProposalSelection(int height, int width) {
    this(height, width, PER_LEVEL, TOTAL);
  }

  /**
   * Starts a selection.
   *
   * @param height of the image in the frame, without padding
   * @param width of the image in the frame, without padding
   * @param perLevel how many of a level are looked at
   * @param total how many are returned at most
   * @throws IllegalArgumentException if one is less than 1
   */
  public ProposalSelection(int height, int width, int perLevel, int total) {
    if (height < 1 || width < 1 || perLevel < 1 || total < 1) {
      throw new IllegalArgumentException(
          "an image and proposals of it are asked for; %d x %d, %d and %d were given"
              .formatted(width, height, perLevel, total));
    }
    this.height = height;
    this.width = width;
    this.perLevel = perLevel;
    this.total = total;
  }

  /**
   * Adds a level of the pyramid.
   *
   * @param anchors of the level
   * @param objectness a logit for each anchor
   * @param deltas four for each anchor
   * @throws IllegalArgumentException if there are more or less than anchors
   */
  public void add(AnchorGrid anchors, float[] objectness, float[] deltas) {
    if (objectness.length != anchors.count()
        || deltas.length != anchors.count() * BoxDeltas.SIDES) {
      throw new IllegalArgumentException(
          "%d anchors have a logit and four deltas each; %d and %d were given"
              .formatted(anchors.count(), objectness.length, deltas.length));
    }
    int[] best = Ranking.best(objectness, objectness.length, perLevel);
    boxes = Arrays.copyOf(boxes, (count + best.length) * BoxDeltas.SIDES);
    logits = Arrays.copyOf(logits, count + best.length);
    levels = Arrays.copyOf(levels, count + best.length);
    for (int index : best) {
      int at = count * BoxDeltas.SIDES;
      anchors.write(index, boxes, at);
      BoxDeltas.PROPOSALS.decode(boxes, at, deltas, index * BoxDeltas.SIDES, boxes, at);
      if (Float.isFinite(objectness[index]) && BoxDeltas.isFinite(boxes, at)) {
        logits[count] = objectness[index];
        levels[count] = level;
        count++;
      }
    }
    level++;
  }

  /**
   * Chooses among all levels.
   *
   * @return the best that do not overlap
   */
  public Proposals finish() {
    BoxDeltas.clip(boxes, count, height, width);
    int left = 0;
    for (int i = 0; i < count; i++) {
      if (BoxDeltas.hasArea(boxes, i * BoxDeltas.SIDES)) {
        System.arraycopy(
            boxes, i * BoxDeltas.SIDES, boxes, left * BoxDeltas.SIDES, BoxDeltas.SIDES);
        logits[left] = logits[i];
        levels[left] = levels[i];
        left++;
      }
    }
    count = left;
    int[] kept = Suppression.keep(boxes, logits, levels, count, LIMIT, total);
    float[] keptBoxes = new float[kept.length * BoxDeltas.SIDES];
    float[] keptLogits = new float[kept.length];
    for (int i = 0; i < kept.length; i++) {
      System.arraycopy(
          boxes, kept[i] * BoxDeltas.SIDES, keptBoxes, i * BoxDeltas.SIDES, BoxDeltas.SIDES);
      keptLogits[i] = logits[kept[i]];
    }
    return new Proposals(kept.length, keptBoxes, keptLogits);
  }
}
