package io.panamba.model.architecture;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What a streamed inference is planned for.
 *
 * @param height of the image in pixels
 * @param width of the image in pixels
 * @param logits whether logits are wanted
 * @param tile the most tokens that are worked on at a time, at least 8
 * @param folder where a temporary file takes the place of memory, or empty for memory
 */
public record StreamOptions(
    int height, int width, boolean logits, int tile, Optional<Path> folder) {
  /**
   * The tile that is taken where nothing else is said. Time per token is the same from 256 to 1024,
   * and a tenth longer at 4096, whose activations leave the second-level cache; the longest of the
   * former makes the smallest plans.
   */
  public static final int DEFAULT_TILE = 1024;

  /** Checks sizes. */
  public StreamOptions {
    if (height < 1 || width < 1) {
      throw new IllegalArgumentException("no image is of %d x %d".formatted(height, width));
    }
    if (tile < InferenceOptions.SMALLEST_TILE) {
      throw new IllegalArgumentException(
          "a tile has at least %d tokens, not %d".formatted(InferenceOptions.SMALLEST_TILE, tile));
    }
  }

  /**
   * Features, and logits if the network has a head, of an image, in memory.
   *
   * @param height of the image in pixels
   * @param width of the image in pixels
   * @param config of the network
   * @return the options
   */
  public static StreamOptions of(int height, int width, NetworkConfig config) {
    return new StreamOptions(height, width, config.classes() > 0, DEFAULT_TILE, Optional.empty());
  }

  /**
   * Chooses the tile.
   *
   * @param most tokens that are worked on at a time
   * @return new options
   */
  public StreamOptions withTile(int most) {
    return new StreamOptions(height, width, logits, most, folder);
  }

  /**
   * Puts what grows with the image into a temporary file.
   *
   * @param value where the file will be
   * @return new options
   */
  public StreamOptions withFolder(Path value) {
    return new StreamOptions(height, width, logits, tile, Optional.of(value));
  }
}
