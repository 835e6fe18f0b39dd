package io.panamba.model.architecture;

import io.panamba.runtime.operation.CausalConv;

/**
 * What an inference is planned for.
 *
 * @param batch images per run
 * @param height of the images in pixels
 * @param width of the images in pixels
 * @param logits whether logits are wanted
 * @param tokens whether all normalised tokens are wanted, rather than only what features need
 * @param taps whether the embedding and every layer's output are kept
 * @param tile the most tokens that are worked on at a time: sequences that are longer, of networks
 *     without rotary embedding and pairs of layers, run tile by tile unless taps are kept, with the
 *     same bits in less memory. At least 8, or 0 for whole sequences. A GPU takes whole sequences,
 *     whatever this says.
 * @param bytes whether the input is bytes, as pictures have them, which the network normalises as
 *     it reads them, rather than normalised numbers: the same bits by a quarter of the memory. For
 *     networks of three colours; planning refuses it for others
 */
public record InferenceOptions(
    int batch,
    int height,
    int width,
    boolean logits,
    boolean tokens,
    boolean taps,
    int tile,
    boolean bytes) {
  /** The fewest tokens of a tile: twice the widest kernel, so that it holds what the next needs. */
  public static final int SMALLEST_TILE = 2 * CausalConv.MAX_KERNEL;

  /** The tile that is taken where nothing else is said. */
  public static final int DEFAULT_TILE = 256;

  /** Checks sizes. */
  public InferenceOptions {
    if (batch < 1 || height < 1 || width < 1) {
      throw new IllegalArgumentException(
          "no inference of %d images of %d x %d".formatted(batch, height, width));
    }
    if (tile != 0 && tile < SMALLEST_TILE) {
      throw new IllegalArgumentException(
          "a tile has at least %d tokens, or 0 for whole sequences; not %d"
              .formatted(SMALLEST_TILE, tile));
    }
  }

  /**
   * Options with the {@linkplain #DEFAULT_TILE default tile}.
   *
   * @param batch images per run
   * @param height of the images in pixels
   * @param width of the images in pixels
   * @param logits whether logits are wanted
   * @param tokens whether all normalised tokens are wanted
   * @param taps whether the embedding and every layer's output are kept
   */
  public InferenceOptions(
      int batch, int height, int width, boolean logits, boolean tokens, boolean taps) {
    this(batch, height, width, logits, tokens, taps, DEFAULT_TILE, false);
  }

  /**
   * Logits and features of a batch.
   *
   * @param batch images per run
   * @param config of the network, for its image size
   * @return the options
   */
  public static InferenceOptions logits(int batch, NetworkConfig config) {
    return new InferenceOptions(
        batch, config.image().height(), config.image().width(), config.classes() > 0, false, false);
  }

  /**
   * Asks for all tokens too.
   *
   * @return new options
   */
  public InferenceOptions withTokens() {
    return new InferenceOptions(batch, height, width, logits, true, taps, tile, bytes);
  }

  /**
   * Asks for taps too.
   *
   * @return new options
   */
  public InferenceOptions withTaps() {
    return new InferenceOptions(batch, height, width, logits, tokens, true, tile, bytes);
  }

  /**
   * Chooses the tile.
   *
   * @param most tokens that are worked on at a time, or 0 for whole sequences
   * @return new options
   */
  public InferenceOptions withTile(int most) {
    return new InferenceOptions(batch, height, width, logits, tokens, taps, most, bytes);
  }

  /**
   * Asks for an input of bytes.
   *
   * @return new options
   */
  public InferenceOptions withBytes() {
    return new InferenceOptions(batch, height, width, logits, tokens, taps, tile, true);
  }
}
