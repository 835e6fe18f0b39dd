package io.panamba.model.training;

import io.panamba.model.image.ImageTransform;
import io.panamba.model.image.RgbImage;
import io.panamba.model.image.SegmentationTransform;
import java.util.random.RandomGenerator;

/** How pictures are changed at random before a network learns from them. Immutable. */
public sealed interface Augmentation {
  /**
   * Changes a picture.
   *
   * @param image any size
   * @param random what to draw from
   * @param evaluation the transform of pictures that the network is evaluated with
   * @return a picture of its input's size
   */
  RgbImage apply(RgbImage image, RandomGenerator random, ImageTransform evaluation);

  /**
   * Changes a picture and the classes of its pixels alike.
   *
   * @param scene any size
   * @param random what to draw from
   * @param window the transform of pictures that the network is evaluated with
   * @return a scene of at most the window's size
   * @throws DatasetException if masks can't be changed like this
   */
  MaskedImage apply(MaskedImage scene, RandomGenerator random, SegmentationTransform window);

  /** Nothing at random: resized and cropped as for evaluation. */
  record None() implements Augmentation {
    @Override
    public MaskedImage apply(
        MaskedImage scene, RandomGenerator random, SegmentationTransform window) {
      MaskedImage resized = Scenes.resize(scene, window, 1);
      int width = Math.min(window.side(), resized.image().width());
      int height = Math.min(window.side(), resized.image().height());
      return resized.crop(
          (resized.image().width() - width) / 2,
          (resized.image().height() - height) / 2,
          width,
          height);
    }

    @Override
    public RgbImage apply(RgbImage image, RandomGenerator random, ImageTransform evaluation) {
      return evaluation.resizeAndCrop(image);
    }
  }

  /**
   * For photographs: a random part, resized, as torchvision's RandomResizedCrop with Pillow's
   * bicubic filter; mirrored half of the time; its colours changed as by torchvision's ColorJitter.
   *
   * @param leastArea the smallest part of the picture's area, in (0, 1]; the original's is 0.08
   * @param flip whether to mirror
   * @param colorJitter by how much brightness, contrast and saturation change at most, in parts of
   *     themselves, 0 to 1; 0 leaves colours alone
   */
  record Photo(double leastArea, boolean flip, double colorJitter) implements Augmentation {
    private static final int ATTEMPTS = 10;
    private static final double LOG_RATIO = StrictMath.log(4.0 / 3);
    private static final double LEAST_SCALE = 0.5;
    private static final double MOST_SCALE = 2;

    /**
     * Checks ranges.
     *
     * @throws IllegalArgumentException if a number is out of its range
     */
    public Photo {
      if (!(leastArea > 0 && leastArea <= 1)) {
        throw new IllegalArgumentException(
            "the smallest part of a picture is above 0 and at most 1, not " + leastArea);
      }
      if (!(colorJitter >= 0 && colorJitter <= 1)) {
        throw new IllegalArgumentException("colour jitter is from 0 to 1, not " + colorJitter);
      }
    }

    @Override
    public RgbImage apply(RgbImage image, RandomGenerator random, ImageTransform evaluation) {
      RgbImage resized = part(image, random).resize(evaluation.width(), evaluation.height());
      RgbImage turned = flip && random.nextDouble() < 0.5 ? mirrored(resized) : resized;
      return colorJitter == 0 ? turned : new ColorJitter(colorJitter).apply(turned, random);
    }

    /**
     * As mmsegmentation's recipe for Vim: resized for the window times 0.5 to 2, a part of the
     * window's size of which no class has more than three quarters, if ten draws find one, and
     * mirrored.
     */
    @Override
    public MaskedImage apply(
        MaskedImage scene, RandomGenerator random, SegmentationTransform window) {
      double scale = LEAST_SCALE + random.nextDouble() * (MOST_SCALE - LEAST_SCALE);
      MaskedImage resized = Scenes.resize(scene, window, scale);
      MaskedImage part = Scenes.part(resized, window.side(), random);
      if (flip && random.nextDouble() < 0.5) {
        part = new MaskedImage(mirrored(part.image()), part.mask().mirrored());
      }
      return colorJitter == 0
          ? part
          : new MaskedImage(new ColorJitter(colorJitter).apply(part.image(), random), part.mask());
    }

    private RgbImage part(RgbImage image, RandomGenerator random) {
      double area = (double) image.width() * image.height();
      for (int i = 0; i < ATTEMPTS; i++) {
        double wanted = area * (leastArea + random.nextDouble() * (1 - leastArea));
        double ratio = StrictMath.exp((2 * random.nextDouble() - 1) * LOG_RATIO);
        long w = Math.round(Math.sqrt(wanted * ratio));
        long h = Math.round(Math.sqrt(wanted / ratio));
        if (w >= 1 && h >= 1 && w <= image.width() && h <= image.height()) {
          int left = random.nextInt(image.width() - (int) w + 1);
          int top = random.nextInt(image.height() - (int) h + 1);
          return image.crop(left, top, (int) w, (int) h);
        }
      }
      // The centre, of an allowed ratio.
      double ratio = StrictMath.exp(LOG_RATIO);
      int w = Math.min(image.width(), (int) Math.max(1, Math.round(image.height() * ratio)));
      int h = Math.min(image.height(), (int) Math.max(1, Math.round(image.width() * ratio)));
      return image.crop((image.width() - w) / 2, (image.height() - h) / 2, w, h);
    }

    private static RgbImage mirrored(RgbImage image) {
      byte[] from = image.pixels();
      byte[] to = new byte[from.length];
      int width = image.width();
      for (int pixel = 0; pixel < width * image.height(); pixel++) {
        int mirror = pixel / width * width + (width - 1 - pixel % width);
        System.arraycopy(from, pixel * 3, to, mirror * 3, 3);
      }
      return RgbImage.of(width, image.height(), to);
    }
  }

  /**
   * For line drawings such as digits: moved, turned, sheared and scaled; strokes made thinner or
   * bolder, sharper or softer; dark on light or light on dark, in any colour. Not mirrored.
   */
  record Drawing() implements Augmentation {
    @Override
    public MaskedImage apply(
        MaskedImage scene, RandomGenerator random, SegmentationTransform window) {
      throw ofMasks();
    }

    static DatasetException ofMasks() {
      return new DatasetException(
          "drawings are changed stroke by stroke, which masks can't follow; augment photos, or"
              + " nothing");
    }

    @Override
    public RgbImage apply(RgbImage image, RandomGenerator random, ImageTransform evaluation) {
      return new DrawnStrokes(image, evaluation.height(), evaluation.width()).draw(random);
    }
  }
}
