package io.panamba.model.training;

import io.panamba.model.image.RgbImage;
import java.util.random.RandomGenerator;

/** A drawing as if somebody else had made it. */
final class DrawnStrokes {
  private static final int CHANNELS = 3;

  private static final double LEAST_SCALE = 0.45;
  private static final double MOST_SCALE = 1.2;
  private static final double STRETCH = 0.3;
  private static final double TURN = Math.toRadians(14);
  private static final double SHEAR = 0.2;

  /** How far beyond the edge a drawing may move, in parts of the picture. */
  private static final double BEYOND = 0.06;

  /** Where strokes end: the part of ink at which a pixel is half covered. */
  private static final double LEAST_THRESHOLD = 0.25;

  private static final double THIN_THRESHOLD = 0.5;

  private static final double MOST_THRESHOLD = 0.9;

  /** Less ink than this is no stroke. */
  private static final double FAINTEST = 0.35;

  private static final double MOST_SHARPNESS = 6;

  private final int height;
  private final int width;
  private final int sourceHeight;
  private final int sourceWidth;

  /** 0 for the ground, 1 for a stroke. */
  private final double[] ink;

  /** The most ink of a pixel and its neighbours: high along strokes and beside them. */
  private final double[] ridge;

  DrawnStrokes(RgbImage image, int height, int width) {
    this.height = height;
    this.width = width;
    // A source much larger than the result would be sampled with gaps.
    RgbImage source =
        image.height() > 2 * height || image.width() > 2 * width
            ? image.resize(Math.min(image.width(), 2 * width), Math.min(image.height(), 2 * height))
            : image;
    sourceHeight = source.height();
    sourceWidth = source.width();
    ink = ink(source);
    ridge = ridge();
  }

  /** The ground is what most of the border is. */
  private static double[] ink(RgbImage image) {
    byte[] pixels = image.pixels();
    int width = image.width();
    int height = image.height();
    double[] level = new double[width * height];
    double border = 0;
    int count = 0;
    for (int i = 0; i < level.length; i++) {
      int sum = 0;
      for (int c = 0; c < CHANNELS; c++) {
        sum += pixels[i * CHANNELS + c] & 255;
      }
      level[i] = sum / (CHANNELS * 255.0);
      int x = i % width;
      int y = i / width;
      if (x == 0 || y == 0 || x == width - 1 || y == height - 1) {
        border += level[i];
        count++;
      }
    }
    if (border > count / 2.0) {
      for (int i = 0; i < level.length; i++) {
        level[i] = 1 - level[i];
      }
    }
    return level;
  }

  private double[] ridge() {
    double[] most = new double[ink.length];
    for (int y = 0; y < sourceHeight; y++) {
      for (int x = 0; x < sourceWidth; x++) {
        for (int j = Math.max(0, y - 1); j <= Math.min(sourceHeight - 1, y + 1); j++) {
          for (int i = Math.max(0, x - 1); i <= Math.min(sourceWidth - 1, x + 1); i++) {
            most[y * sourceWidth + x] =
                Math.max(most[y * sourceWidth + x], ink[j * sourceWidth + i]);
          }
        }
      }
    }
    return most;
  }

  RgbImage draw(RandomGenerator random) {
    double scale = between(random, LEAST_SCALE, MOST_SCALE);
    double stretch = between(random, 1 - STRETCH, 1 + STRETCH);
    double turn = between(random, -TURN, TURN);
    double shear = between(random, -SHEAR, SHEAR);
    double room = Math.max(0, (1 - scale) / 2) + BEYOND;
    double right = between(random, -room, room);
    double down = between(random, -room, room);
    double sharpness = between(random, 1, MOST_SHARPNESS);
    // Relative to the ridge, even a faint stroke can be thin without being broken.
    boolean relative = random.nextBoolean();
    double threshold = between(random, relative ? THIN_THRESHOLD : LEAST_THRESHOLD, MOST_THRESHOLD);
    // Not so low that the ground is covered.
    threshold = Math.max(threshold, 0.5 / sharpness);
    double[] ground = new double[CHANNELS];
    double[] stroke = new double[CHANNELS];
    colours(random, ground, stroke);

    double cos = StrictMath.cos(turn);
    double sin = StrictMath.sin(turn);
    byte[] pixels = new byte[height * width * CHANNELS];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        // From the result's pixel, relative to its centre, back to the source's.
        double dx = (x + 0.5) / width - 0.5 - right;
        double dy = (y + 0.5) / height - 0.5 - down;
        double across = (cos * dx + sin * dy) / (scale * stretch);
        double along = (cos * dy - sin * dx) / scale * stretch;
        double column = (across + shear * along + 0.5) * sourceWidth;
        double row = (along + 0.5) * sourceHeight;
        double value = sample(ink, column, row);
        if (relative) {
          value /= Math.max(sample(ridge, column, row), FAINTEST);
        }
        double covered = Math.clamp((value - threshold) * sharpness + 0.5, 0.0, 1.0);
        for (int c = 0; c < CHANNELS; c++) {
          double level = ground[c] + covered * (stroke[c] - ground[c]);
          pixels[(y * width + x) * CHANNELS + c] = (byte) Math.round(255 * level);
        }
      }
    }
    return RgbImage.of(width, height, pixels);
  }

  /** A dark ground and a light stroke, mostly grey; or both inverted. */
  private static void colours(RandomGenerator random, double[] ground, double[] stroke) {
    double dark = random.nextDouble() < 0.5 ? 0 : between(random, 0, 0.15);
    double light = random.nextDouble() < 0.5 ? 1 : between(random, 0.55, 1);
    boolean coloured = random.nextDouble() < 0.3;
    int brightest = random.nextInt(CHANNELS);
    boolean inverted = random.nextDouble() < 0.5;
    for (int c = 0; c < CHANNELS; c++) {
      ground[c] = dark;
      stroke[c] = coloured && c != brightest ? between(random, dark, light) : light;
      if (inverted) {
        ground[c] = 1 - ground[c];
        stroke[c] = 1 - stroke[c];
      }
    }
  }

  private static double between(RandomGenerator random, double from, double to) {
    return from + random.nextDouble() * (to - from);
  }

  /** Cubic interpolation (Catmull and Rom's), ground outside. */
  private double sample(double[] map, double x, double y) {
    int column = (int) Math.floor(x - 0.5);
    int row = (int) Math.floor(y - 0.5);
    double fx = x - 0.5 - column;
    double fy = y - 0.5 - row;
    double sum = 0;
    for (int j = -1; j <= 2; j++) {
      if (row + j < 0 || row + j >= sourceHeight) {
        continue;
      }
      double line = 0;
      for (int i = -1; i <= 2; i++) {
        if (column + i >= 0 && column + i < sourceWidth) {
          line += weight(Math.abs(fx - i)) * map[(row + j) * sourceWidth + column + i];
        }
      }
      sum += weight(Math.abs(fy - j)) * line;
    }
    return sum;
  }

  private static double weight(double d) {
    if (d < 1) {
      return (1.5 * d - 2.5) * d * d + 1;
    }
    return d < 2 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0;
  }
}
