package io.panamba.model.training;

import io.panamba.model.Network;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Task;
import java.util.random.RandomGenerator;

/** What a network is to answer for the pictures of a dataset, and how its answers are judged. */
sealed interface Supervision permits ClassSupervision, PixelSupervision {
  /**
   * Finds what a network learns of a dataset.
   *
   * @throws DatasetException if the network answers other questions than the data
   */
  static Supervision of(Dataset data, NetworkConfig config, Augmentation augmentation) {
    return switch (data) {
      case LabelledDataset labelled -> {
        require(config, Task.CLASSIFICATION, "a class for each picture");
        yield new ClassSupervision(labelled, config, augmentation);
      }
      case MaskDataset masked -> {
        require(config, Task.SEGMENTATION, "a class for each pixel");
        yield new PixelSupervision(masked, config, augmentation);
      }
    };
  }

  private static void require(NetworkConfig config, Task task, String answers) {
    if (config.task() != task) {
      throw new DatasetException(
          "the data has %s, for networks of %s; this one is for %s"
              .formatted(answers, task.title(), config.task().title()));
    }
  }

  /** Reads a picture to be learnt from, changed at random. */
  BatchLoader.Load learnt(int index, RandomGenerator random);

  /**
   * Asks a network about pictures.
   *
   * @throws io.panamba.model.NonFiniteException if a logit is NaN or infinite
   */
  Score judge(Network network, int[] indices, BatchLoader loader);

  /**
   * How good answers are.
   *
   * @param loss the mean cross-entropy, or NaN if it is not known
   * @param accuracy the part of the pictures, or pixels, whose class was named
   * @param iou the mean over classes of intersection over union, or NaN for pictures
   */
  record Score(double loss, double accuracy, double iou) {
    static final Score NONE = new Score(Double.NaN, Double.NaN, Double.NaN);
  }
}
