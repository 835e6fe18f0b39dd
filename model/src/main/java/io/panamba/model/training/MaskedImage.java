package io.panamba.model.training;

import io.panamba.model.image.IndexImage;
import io.panamba.model.image.RgbImage;

/**
 * A picture and the classes of its pixels.
 *
 * @param image the picture
 * @param mask of the same size, {@link MaskDataset#UNLABELLED} where there is no class
 */
public record MaskedImage(RgbImage image, IndexImage mask) {
  MaskedImage crop(int left, int top, int width, int height) {
    return new MaskedImage(
        image.crop(left, top, width, height), mask.crop(left, top, width, height));
  }
}
