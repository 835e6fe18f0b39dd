package io.panamba.model.training;

import io.panamba.model.image.IndexImage;
import io.panamba.model.image.RgbImage;
import io.panamba.model.image.SegmentationTransform;
import java.util.HashMap;
import java.util.Map;
import java.util.random.RandomGenerator;

/** Pictures and their masks, resized and cropped alike. */
final class Scenes {
  /** The most that one class may have of a part (mmsegmentation's {@code cat_max_ratio}). */
  private static final double MOST_OF_A_CLASS = 0.75;

  private static final int ATTEMPTS = 10;

  private Scenes() {}

  static MaskedImage resize(MaskedImage scene, SegmentationTransform window, double scale) {
    RgbImage image = window.resize(scene.image(), scale);
    return new MaskedImage(image, scene.mask().resize(image.width(), image.height()));
  }

  /** Draws a square part, or less where the picture is smaller. */
  static MaskedImage part(MaskedImage scene, int side, RandomGenerator random) {
    int width = Math.min(side, scene.image().width());
    int height = Math.min(side, scene.image().height());
    int left = 0;
    int top = 0;
    for (int i = 0; i < ATTEMPTS; i++) {
      left = random.nextInt(scene.image().width() - width + 1);
      top = random.nextInt(scene.image().height() - height + 1);
      if (isMixed(scene.mask().crop(left, top, width, height))) {
        break;
      }
    }
    return scene.crop(left, top, width, height);
  }

  private static boolean isMixed(IndexImage mask) {
    Map<Short, Integer> counts = new HashMap<>();
    int labelled = 0;
    for (short label : mask.indices()) {
      if (Short.toUnsignedInt(label) != MaskDataset.UNLABELLED) {
        counts.merge(label, 1, Integer::sum);
        labelled++;
      }
    }
    int most = counts.values().stream().mapToInt(Integer::intValue).max().orElse(0);
    return counts.size() > 1 && most < MOST_OF_A_CLASS * labelled;
  }
}
