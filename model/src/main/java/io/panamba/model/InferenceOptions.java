package io.panamba.model;

/**
 * What an inference is planned for.
 *
 * @param batch images per run
 * @param height of the images in pixels
 * @param width of the images in pixels
 * @param logits whether logits are wanted
 * @param tokens whether all normalised tokens are wanted, rather than only what features need
 * @param taps whether the embedding and every layer's output are kept
 */
public record InferenceOptions(
    int batch, int height, int width, boolean logits, boolean tokens, boolean taps) {
  /** Checks sizes. */
  public InferenceOptions {
    if (batch < 1 || height < 1 || width < 1) {
      throw new IllegalArgumentException(
          "no inference of %d images of %d x %d".formatted(batch, height, width));
    }
  }

  /**
   * Logits and features of a batch.
   *
   * @param batch images per run
   * @param config of the network, for its image size
   * @return the options
   */
  public static InferenceOptions logits(int batch, VimConfig config) {
    return new InferenceOptions(
        batch, config.imageHeight(), config.imageWidth(), config.classes() > 0, false, false);
  }

  /**
   * Asks for all tokens too.
   *
   * @return new options
   */
  public InferenceOptions withTokens() {
    return new InferenceOptions(batch, height, width, logits, true, taps);
  }

  /**
   * Asks for taps too.
   *
   * @return new options
   */
  public InferenceOptions withTaps() {
    return new InferenceOptions(batch, height, width, logits, tokens, true);
  }
}
