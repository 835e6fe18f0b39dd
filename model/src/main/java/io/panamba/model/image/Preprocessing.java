package io.panamba.model.image;

import java.util.Objects;

/**
 * How a network's input is made of pictures.
 *
 * @param cropMode how the picture is resized
 * @param cropRatio the part of the resized picture's side that the crop keeps, in (0, 1]
 * @param mean of samples in 0..1
 * @param deviation their standard deviation, positive
 */
public record Preprocessing(CropMode cropMode, double cropRatio, Rgb mean, Rgb deviation) {
  /**
   * The preparation of the published models that are trained on ImageNet (Vim's {@code
   * datasets.py}): a centre crop that keeps 0.875 of the side, and ImageNet's mean and deviation.
   */
  public static final Preprocessing IMAGENET =
      new Preprocessing(
          ImageTransform.DEFAULT_CROP_RATIO,
          Rgb.of(Normalisation.IMAGENET_MEAN),
          Rgb.of(Normalisation.IMAGENET_DEVIATION));

  /**
   * Checks ranges.
   *
   * @throws IllegalArgumentException as of {@link ImageTransform}
   */
  public Preprocessing {
    Objects.requireNonNull(cropMode, "cropMode");
    if (!(cropRatio > 0 && cropRatio <= 1)) {
      throw new IllegalArgumentException("a crop ratio is in (0, 1], not " + cropRatio);
    }
    Normalisation.require(mean.toArray(), deviation.toArray());
  }

  /**
   * Of pictures that keep their proportions.
   *
   * @param cropRatio the part of the resized picture's side that the crop keeps, in (0, 1]
   * @param mean of samples in 0..1
   * @param deviation their standard deviation, positive
   * @throws IllegalArgumentException as of {@link ImageTransform}
   */
  public Preprocessing(double cropRatio, Rgb mean, Rgb deviation) {
    this(CropMode.CENTER, cropRatio, mean, deviation);
  }

  /**
   * Returns the number that each sample stands for after normalisation.
   *
   * @return (3, 256): those of red, of green and of blue
   */
  public float[] pixelValues() {
    return new Normalisation(mean.toArray(), deviation.toArray()).values();
  }

  /**
   * Makes the transform for an input.
   *
   * @param height pixels
   * @param width pixels
   * @return the transform
   * @throws IllegalArgumentException as of {@link ImageTransform}
   */
  public ImageTransform transform(int height, int width) {
    return new ImageTransform(
        height, width, cropMode, cropRatio, new Normalisation(mean.toArray(), deviation.toArray()));
  }
}
