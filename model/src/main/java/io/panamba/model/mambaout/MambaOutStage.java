package io.panamba.model.mambaout;

/**
 * The blocks of one resolution.
 *
 * @param depth how many
 * @param dim channels of the stream
 * @param hidden channels of the gate
 * @param convolved channels of those that go through the convolution
 */
public record MambaOutStage(int depth, int dim, int hidden, int convolved) {
  /** Checks that they fit each other. */
  public MambaOutStage {
    if (depth < 1 || dim < 1 || convolved < 1 || convolved > hidden) {
      throw new IllegalArgumentException(
          "a stage of %d blocks of %d channels with %d of %d convolved is none"
              .formatted(depth, dim, convolved, hidden));
    }
  }
}
