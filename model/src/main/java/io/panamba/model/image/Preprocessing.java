package io.panamba.model.image;

/** How a network's input is made of pictures. Immutable. */
public final class Preprocessing {
  /**
   * The preparation of the published models that are trained on ImageNet (Vim's {@code
   * datasets.py}): a centre crop that keeps 0.875 of the side, and ImageNet's mean and deviation.
   */
  public static final Preprocessing IMAGENET =
      new Preprocessing(
          ImageTransform.DEFAULT_CROP_RATIO,
          Normalisation.IMAGENET_MEAN,
          Normalisation.IMAGENET_DEVIATION);

  private final double cropRatio;
  private final float[] mean;
  private final float[] deviation;

  /**
   * Describes a preparation.
   *
   * @param cropRatio the part of the resized picture's side that the crop keeps, in (0, 1]
   * @param mean the mean of red, green and blue, of samples in 0..1
   * @param deviation their standard deviation, positive
   */
  public Preprocessing(double cropRatio, float[] mean, float[] deviation) {
    this.cropRatio = cropRatio;
    this.mean = mean.clone();
    this.deviation = deviation.clone();
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
    return new ImageTransform(height, width, cropRatio, mean, deviation);
  }
}
