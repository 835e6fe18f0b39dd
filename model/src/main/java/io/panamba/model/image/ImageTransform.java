package io.panamba.model.image;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.ShapeException;
import io.panamba.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Makes a network's input of a picture as the published models are evaluated (Vim's {@code
 * datasets.py}): Pillow's bicubic resize, a crop from the centre, division by 255, and
 * normalisation by mean and standard deviation in float32. Immutable, and usable from many threads
 * at once.
 *
 * <p>For a square input of side S the shorter side of the picture becomes {@code int(S /
 * cropRatio)}, the longer {@code int(shorter target * longer / shorter)}, and the crop starts at
 * half of what is over, rounded half to even. Inputs of other shapes are treated alike: the picture
 * is resized, keeping its proportions, to the smallest size that covers {@code int(height /
 * cropRatio) x int(width / cropRatio)}; or, {@link CropMode#SQUASH squashed}, to just that.
 *
 * <p>Inputs of at most 32 x 32 take a picture of exactly their size as it is, which is what the
 * original does with pictures of that class. It can't use any other for such an input; here they
 * are resized and cropped like those of larger inputs.
 */
public final class ImageTransform {
  /** The part of the resized picture's side that the crop keeps in the published models. */
  public static final double DEFAULT_CROP_RATIO = 0.875;

  private static final int CHANNELS = Normalisation.CHANNELS;
  private static final int LARGEST_UNCHANGED = 32;

  private final int height;
  private final int width;
  private final CropMode cropMode;
  private final double cropRatio;
  private final Normalisation normalisation;

  /**
   * Creates the transform of the published models for a square input.
   *
   * @param size the side in pixels
   * @throws IllegalArgumentException if it is less than 1
   */
  public ImageTransform(int size) {
    this(size, size);
  }

  /**
   * Creates the transform of the published models.
   *
   * @param height the height of the input in pixels
   * @param width the width of the input in pixels
   * @throws IllegalArgumentException if one is less than 1
   */
  public ImageTransform(int height, int width) {
    this(height, width, CropMode.CENTER, DEFAULT_CROP_RATIO, Normalisation.imagenet());
  }

  /**
   * Creates a transform.
   *
   * @param height the height of the input in pixels
   * @param width the width of the input in pixels
   * @param cropRatio the part of the resized picture's side that the crop keeps, in (0, 1]
   * @param mean the mean of red, green and blue, of samples in 0..1
   * @param deviation their standard deviation, positive
   * @throws IllegalArgumentException if an argument is outside its range or not of three channels
   */
  public ImageTransform(int height, int width, double cropRatio, float[] mean, float[] deviation) {
    this(height, width, CropMode.CENTER, cropRatio, new Normalisation(mean, deviation));
  }

  ImageTransform(
      int height, int width, CropMode cropMode, double cropRatio, Normalisation normalisation) {
    if (height < 1 || width < 1) {
      throw new IllegalArgumentException(
          "an input has at least one pixel; %d x %d was given".formatted(height, width));
    }
    if (!(cropRatio > 0 && cropRatio <= 1)
        || height / cropRatio > Integer.MAX_VALUE
        || width / cropRatio > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("a crop ratio is in (0, 1], not " + cropRatio);
    }
    this.height = height;
    this.width = width;
    this.cropMode = cropMode;
    this.cropRatio = cropRatio;
    this.normalisation = normalisation;
  }

  /**
   * Returns the height of the input.
   *
   * @return pixels
   */
  public int height() {
    return height;
  }

  /**
   * Returns the width of the input.
   *
   * @return pixels
   */
  public int width() {
    return width;
  }

  /**
   * Writes the network's input for a picture that has its size already: neither resized nor
   * cropped.
   *
   * @param image of the input's height and width
   * @param target as of {@link #apply}
   * @throws ShapeException if the picture or the target has another shape
   */
  public void normalise(RgbImage image, Tensor target) {
    requireInput(target);
    if (image.height() != height || image.width() != width) {
      throw new ShapeException(
          "the picture is %s; expected %d x %d".formatted(image, width, height));
    }
    write(image, target);
  }

  /**
   * Writes the network's input for a picture.
   *
   * @param image the picture
   * @param target a tensor (3, height, width) or (1, 3, height, width): red, green and blue planes,
   *     normalised float32, or bytes as they are
   * @throws ShapeException if the target has another shape or type; nothing has been written then
   * @throws ImageException if the resized picture would have a side beyond 2^31 - 1 pixels
   */
  public void apply(RgbImage image, Tensor target) {
    requireInput(target);
    write(resizeAndCrop(image), target);
  }

  private void write(RgbImage image, Tensor target) {
    if (target.dtype() == DType.F32) {
      normalisation.write(image, 0, height, target, 0);
    } else {
      writeBytes(image, target);
    }
  }

  private void writeBytes(RgbImage image, Tensor target) {
    byte[] pixels = image.pixels();
    byte[] plane = new byte[height * width];
    for (int channel = 0; channel < CHANNELS; channel++) {
      for (int i = 0; i < plane.length; i++) {
        plane[i] = pixels[i * CHANNELS + channel];
      }
      MemorySegment.copy(
          plane,
          0,
          target.segment(),
          ValueLayout.JAVA_BYTE,
          (long) channel * plane.length,
          plane.length);
    }
  }

  private void requireInput(Tensor target) {
    Shape shape = target.shape();
    int first = shape.rank() - CHANNELS;
    if ((target.dtype() != DType.F32 && target.dtype() != DType.U8)
        || (first != 0 && (first != 1 || shape.size(0) != 1))
        || shape.size(first) != CHANNELS
        || shape.size(first + 1) != height
        || shape.size(first + 2) != width) {
      throw new ShapeException(
          "the input of a picture is F32 or U8, (3, %d, %d) or (1, 3, %d, %d), not %s"
              .formatted(height, width, height, width, target));
    }
  }

  /**
   * Returns what the network sees of a picture, before normalisation.
   *
   * @param image the picture
   * @return the resized and cropped picture, of the input's size
   * @throws ImageException if the resized picture would have a side beyond 2^31 - 1 pixels
   */
  public RgbImage resizeAndCrop(RgbImage image) {
    if (height <= LARGEST_UNCHANGED
        && width <= LARGEST_UNCHANGED
        && image.height() == height
        && image.width() == width) {
      return image;
    }
    long boxHeight = (long) (height / cropRatio);
    long boxWidth = (long) (width / cropRatio);
    long resizedHeight;
    long resizedWidth;
    if (cropMode == CropMode.SQUASH) {
      return crop(image, boxWidth, boxHeight);
    }
    // Compares width / boxWidth with height / boxHeight: the smaller one of the two sets the scale.
    if (image.width() * boxHeight <= image.height() * boxWidth) {
      resizedWidth = boxWidth;
      resizedHeight = (long) ((double) (boxWidth * image.height()) / image.width());
    } else {
      resizedHeight = boxHeight;
      resizedWidth = (long) ((double) (boxHeight * image.width()) / image.height());
    }
    if (Math.max(resizedHeight, resizedWidth) > Integer.MAX_VALUE) {
      throw new ImageException(
          "a picture of %d x %d pixels is too long to be resized for an input of %d x %d"
              .formatted(image.width(), image.height(), width, height));
    }
    return crop(image, resizedWidth, resizedHeight);
  }

  /** Resizes the picture and crops the input's part from its centre. */
  private RgbImage crop(RgbImage image, long resizedWidth, long resizedHeight) {
    return Resampler.resize(
        image,
        Resampler.Filter.BICUBIC,
        (int) resizedWidth,
        (int) resizedHeight,
        (int) Math.rint((resizedWidth - width) / 2.0),
        (int) Math.rint((resizedHeight - height) / 2.0),
        width,
        height);
  }
}
