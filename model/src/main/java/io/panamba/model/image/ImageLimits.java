package io.panamba.model.image;

import java.time.Duration;
import java.util.Objects;

/**
 * What decoding a picture may take. A file of a few bytes can claim a picture that fills any memory
 * and keeps a processor busy for hours, so a picture's cost is told from its header, and a picture
 * that costs too much is refused before memory is taken.
 *
 * <p>The cost in bytes is that of the samples as they are stored, of the RGB bytes made of them,
 * and of what the format needs between them, as the coefficients of a progressive JPEG. A JPEG's
 * scans are work without bytes: there may be 100 of them, and scans times pixels is at most 32
 * times {@code pixels}.
 *
 * <p>The time is looked at whenever a decoder asks for bytes of the file or has finished rows or a
 * block of compressed data; the decoder for WebP does so in each of its passes. It can't end a
 * decoder between these moments, which lie some milliseconds apart, but a second or two in a
 * progressive JPEG of very many pixels.
 *
 * @param pixels the most pixels that are decoded at a time: of a whole picture, or of {@link
 *     LargeImage}'s bands
 * @param bytes the most bytes that decoding takes at a time, beside the file itself
 * @param time how long decoding a picture, or a band of it, may take
 */
public record ImageLimits(long pixels, long bytes, Duration time) {
  /**
   * The limits where nothing else is said: 178,956,970 pixels, the limit of Pillow; 2 GiB, which is
   * 12 bytes for each of these; one minute.
   */
  public static final ImageLimits DEFAULT =
      new ImageLimits(178_956_970, 1L << 31, Duration.ofMinutes(1));

  /**
   * Checks the limits.
   *
   * @throws IllegalArgumentException if one is not positive
   */
  public ImageLimits {
    Objects.requireNonNull(time, "time");
    if (pixels < 1 || bytes < 1 || time.isNegative() || time.isZero()) {
      throw new IllegalArgumentException(
          "limits are positive, not %d pixels, %d bytes and %s".formatted(pixels, bytes, time));
    }
  }

  /**
   * Returns these limits with another number of pixels.
   *
   * @param limit the most pixels, at least 1
   * @return the limits
   * @throws IllegalArgumentException if it is less than 1
   */
  public ImageLimits withPixels(long limit) {
    return new ImageLimits(limit, bytes, time);
  }

  /**
   * Returns these limits with another number of bytes.
   *
   * @param limit the most bytes, at least 1
   * @return the limits
   * @throws IllegalArgumentException if it is less than 1
   */
  public ImageLimits withBytes(long limit) {
    return new ImageLimits(pixels, limit, time);
  }

  /**
   * Returns these limits with another time.
   *
   * @param limit the longest time, positive
   * @return the limits
   * @throws IllegalArgumentException if it is not positive
   */
  public ImageLimits withTime(Duration limit) {
    return new ImageLimits(pixels, bytes, limit);
  }
}
