package io.panamba.model.task;

/**
 * What a detector gives.
 *
 * @param score the least score, in 0..1; detections are above it
 * @param best how many detections of an image, at most
 * @param masks whether masks are wanted: without, the mask head does not run
 */
public record DetectionOptions(float score, int best, boolean masks) {
  /** The published models' numbers, with masks. */
  public static final DetectionOptions DEFAULT = new DetectionOptions(0.05f, 100, true);

  /**
   * Checks ranges.
   *
   * @throws IllegalArgumentException if the score is outside of 0..1 or nothing may be found
   */
  public DetectionOptions {
    if (!(score >= 0 && score <= 1) || best < 1) {
      throw new IllegalArgumentException(
          "a score is in 0..1 and at least one detection is asked for; %s and %d were given"
              .formatted(score, best));
    }
  }
}
