package io.panamba.model.graph;

/**
 * What a graph is written for.
 *
 * @param batch images
 * @param tokens whether the normalised tokens are read
 * @param logits whether logits are read
 * @param taps whether what is made on the way is read
 * @param tile the most tokens of a sequence that are worked on at a time, or 0 for all
 * @param inPieces whether work in pieces pays: it does where caches are large and memory is slow
 */
public record Wanted(
    long batch, boolean tokens, boolean logits, boolean taps, int tile, boolean inPieces) {
  /**
   * A training step.
   *
   * @param batch images
   * @return logits of whole sequences
   */
  public static Wanted training(long batch) {
    return new Wanted(batch, false, true, false, 0, false);
  }
}
