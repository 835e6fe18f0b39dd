package io.panamba.model.training;

import io.panamba.model.Labels;
import io.panamba.model.Network;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.image.SegmentationTransform;
import io.panamba.model.segmentation.LabelMap;
import io.panamba.model.task.Segmenter;
import io.panamba.runtime.operation.CrossEntropy;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/** A class for each pixel. */
final class PixelSupervision implements Supervision {
  private final MaskDataset data;
  private final Augmentation augmentation;
  private final SegmentationTransform window;

  PixelSupervision(MaskDataset data, NetworkConfig config, Augmentation augmentation) {
    if (config.image().height() != config.image().width()) {
      throw new DatasetException(
          "segmentation is trained on square parts of pictures, not of %s pixels"
              .formatted(config.image()));
    }
    if (augmentation instanceof Augmentation.Drawing) {
      throw Augmentation.Drawing.ofMasks();
    }
    this.data = data;
    this.augmentation = augmentation;
    window = new SegmentationTransform(config.image().height(), config.preprocessing());
  }

  /** Beyond the picture there are zeros, and no labels. */
  @Override
  public BatchLoader.Load learnt(int index, RandomGenerator random) {
    return target -> {
      MaskedImage part = augmentation.apply(data.masked(index), random, window);
      window.writeWindow(part.image(), 0, 0, target);
      int side = window.side();
      int width = part.mask().width();
      int[] labels = new int[side * side];
      Arrays.fill(labels, CrossEntropy.NO_LABEL);
      short[] indices = part.mask().indices();
      for (int i = 0; i < indices.length; i++) {
        int label = Short.toUnsignedInt(indices[i]);
        if (label != MaskDataset.UNLABELLED) {
          labels[i / width * side + i % width] = label;
        }
      }
      return labels;
    };
  }

  /** Pictures are seen as {@code segment} sees them; the step's loader has other sizes. */
  @Override
  public Score judge(Network network, int[] indices, BatchLoader loader) {
    IouCounts counts = new IouCounts(network.config().classes());
    try (Segmenter segmenter = new Segmenter(network, Labels.of(List.of()), 1)) {
      for (int index : indices) {
        MaskedImage scene = data.masked(index);
        LabelMap found = segmenter.predict(scene.image()).labels();
        counts.add(found.labels(), scene.mask().indices());
      }
    }
    return new Score(Double.NaN, counts.accuracy(), counts.meanIou());
  }
}
