package io.panamba.model.training;

import io.panamba.model.image.RgbImage;
import java.util.random.RandomGenerator;

/**
 * Brightness, contrast and saturation, each changed by a factor from {@code 1 - strength} to {@code
 * 1 + strength}, one after the other in random order, rounded to 8 bits in between: torchvision's
 * ColorJitter without hue.
 *
 * @param strength 0 to 1
 */
record ColorJitter(double strength) {
  private static final int CHANNELS = 3;

  private enum Kind {
    BRIGHTNESS,
    CONTRAST,
    SATURATION
  }

  RgbImage apply(RgbImage image, RandomGenerator random) {
    byte[] pixels = image.pixels().clone();
    Kind[] kinds = Kind.values();
    for (int i : Split.shuffled(kinds.length, random)) {
      blend(pixels, kinds[i], 1 + strength * (2 * random.nextDouble() - 1));
    }
    return RgbImage.of(image.width(), image.height(), pixels);
  }

  /** Moves pixels away from black, from the mean grey, or from their own grey. */
  private static void blend(byte[] pixels, Kind kind, double factor) {
    double mean = kind == Kind.CONTRAST ? meanGrey(pixels) : 0;
    for (int i = 0; i < pixels.length; i += CHANNELS) {
      double from = kind == Kind.SATURATION ? grey(pixels, i) : mean;
      for (int c = i; c < i + CHANNELS; c++) {
        double level = from + factor * ((pixels[c] & 255) - from);
        pixels[c] = (byte) Math.clamp(Math.round(level), 0, 255);
      }
    }
  }

  private static double meanGrey(byte[] pixels) {
    double sum = 0;
    for (int i = 0; i < pixels.length; i += CHANNELS) {
      sum += grey(pixels, i);
    }
    return Math.rint(sum * CHANNELS / pixels.length);
  }

  /** ITU-R BT.601's luma, as Pillow's. */
  private static double grey(byte[] pixels, int i) {
    return Math.rint(
        0.299 * (pixels[i] & 255) + 0.587 * (pixels[i + 1] & 255) + 0.114 * (pixels[i + 2] & 255));
  }
}
