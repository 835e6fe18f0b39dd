package io.panamba.model.image;

import java.awt.image.BufferedImage;

/**
 * A decoded picture: 8 bits each of red, green and blue, rows from the top, pixels from the left.
 */
public final class RgbImage {
  /** Red, green and blue. */
  public static final int CHANNELS = 3;

  private final int width;
  private final int height;
  private final byte[] pixels;

  private RgbImage(int width, int height, byte[] pixels) {
    this.width = width;
    this.height = height;
    this.pixels = pixels;
  }

  /**
   * Makes a picture of samples.
   *
   * @param width pixels in a row, at least 1
   * @param height rows, at least 1
   * @param pixels {@code height * width * 3} unsigned samples, red, green, blue; used, not copied
   * @return the picture
   * @throws ImageException if a size is not positive or the number of samples is another
   */
  public static RgbImage of(int width, int height, byte[] pixels) {
    if (width < 1 || height < 1 || pixels.length != 3L * width * height) {
      throw new ImageException(
          "a picture of %d x %d pixels has width * height * 3 samples and no empty side; %d were given"
              .formatted(width, height, pixels.length));
    }
    return new RgbImage(width, height, pixels);
  }

  /**
   * Takes the pixels of an image of the Java 2D API. Colour profiles and alpha are left out of
   * account: samples of an RGB image stay as they are, grey ones are repeated, CMYK ones become
   * {@code (255 - ink) * (255 - black) / 255}; of 16-bit samples the upper byte is taken.
   *
   * @param image an image of grey, RGB or CMYK samples of up to 16 bits, or with a palette
   * @return the picture, a copy
   * @throws ImageException if the image is of another kind or too large for an array
   */
  public static RgbImage of(BufferedImage image) {
    return Rasters.toRgb(image, Rasters.WideGrey.UPPER_BYTE);
  }

  /**
   * Returns the width.
   *
   * @return pixels in a row
   */
  public int width() {
    return width;
  }

  /**
   * Returns the height.
   *
   * @return rows
   */
  public int height() {
    return height;
  }

  /**
   * Returns the samples.
   *
   * @return the picture's own array of {@code height * width * 3} unsigned samples, not a copy
   */
  public byte[] pixels() {
    return pixels;
  }

  /**
   * Resizes the picture as Pillow's bicubic filter does, bit for bit.
   *
   * @param newWidth pixels in a row, at least 1
   * @param newHeight rows, at least 1
   * @return the resized picture, or this one if the size is its own
   * @throws ImageException if a size is not positive or too large for an array
   */
  public RgbImage resize(int newWidth, int newHeight) {
    return resize(Resampler.Filter.BICUBIC, newWidth, newHeight);
  }

  /** Resizes the picture as one of Pillow's filters does. */
  RgbImage resize(Resampler.Filter filter, int newWidth, int newHeight) {
    if (newWidth < 1 || newHeight < 1) {
      throw new ImageException(
          "a picture has at least one pixel, not %d x %d".formatted(newWidth, newHeight));
    }
    return newWidth == width && newHeight == height
        ? this
        : Resampler.resize(this, filter, newWidth, newHeight, 0, 0, newWidth, newHeight);
  }

  /**
   * Cuts a part out.
   *
   * @param left its first column
   * @param top its first row
   * @param partWidth pixels in a row, at least 1
   * @param partHeight rows, at least 1
   * @return the part, a copy
   * @throws ImageException if it is not inside of the picture
   */
  public RgbImage crop(int left, int top, int partWidth, int partHeight) {
    if (left < 0
        || top < 0
        || partWidth < 1
        || partHeight < 1
        || partWidth > width - left
        || partHeight > height - top) {
      throw new ImageException(
          "no part of %d x %d at (%d, %d) in a picture of %s"
              .formatted(partWidth, partHeight, left, top, this));
    }
    byte[] part = new byte[partWidth * partHeight * CHANNELS];
    for (int row = 0; row < partHeight; row++) {
      System.arraycopy(
          pixels,
          ((top + row) * width + left) * CHANNELS,
          part,
          row * partWidth * CHANNELS,
          partWidth * CHANNELS);
    }
    return new RgbImage(partWidth, partHeight, part);
  }

  /** Writes the size as {@code 640 x 480 RGB}. */
  @Override
  public String toString() {
    return width + " x " + height + " RGB";
  }
}
