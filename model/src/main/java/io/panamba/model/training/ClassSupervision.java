package io.panamba.model.training;

import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.image.ImageTransform;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/** A class for each picture. */
final class ClassSupervision implements Supervision {
  private final LabelledDataset data;
  private final NetworkConfig config;
  private final Augmentation augmentation;
  private final ImageTransform transform;

  ClassSupervision(LabelledDataset data, NetworkConfig config, Augmentation augmentation) {
    this.data = data;
    this.config = config;
    this.augmentation = augmentation;
    transform = config.preprocessing().transform(config.image().height(), config.image().width());
  }

  @Override
  public BatchLoader.Load learnt(int index, RandomGenerator random) {
    return target -> {
      transform.normalise(augmentation.apply(data.image(index), random, transform), target);
      return new int[] {data.label(index)};
    };
  }

  private BatchLoader.Load seen(int index) {
    return target -> {
      transform.normalise(transform.resizeAndCrop(data.image(index)), target);
      return new int[] {data.label(index)};
    };
  }

  @Override
  public Score judge(Network network, int[] indices, BatchLoader loader) {
    int batch = loader.batch();
    double loss = 0;
    int right = 0;
    int classes = config.classes();
    try (Inference inference = network.plan(InferenceOptions.logits(batch, config))) {
      for (int first = 0; first < indices.length; first += batch) {
        int from = first;
        loader.begin(Math.min(batch, indices.length - from), slot -> seen(indices[from + slot]));
        // The step that came before can't be taken back.
        loader.await();
        int[][] labels = loader.take(inference.image());
        inference.run();
        float[] logits = inference.logits().toFloats();
        for (int i = 0; i < labels.length; i++) {
          inference.requireFinite(i);
          float[] row = Arrays.copyOfRange(logits, i * classes, (i + 1) * classes);
          loss += crossEntropy(row, labels[i][0]);
          right += best(row) == labels[i][0] ? 1 : 0;
        }
      }
    }
    return new Score(loss / indices.length, (double) right / indices.length, Double.NaN);
  }

  private static double crossEntropy(float[] logits, int label) {
    double largest = logits[best(logits)];
    double sum = 0;
    for (float logit : logits) {
      sum += StrictMath.exp(logit - largest);
    }
    return StrictMath.log(sum) + largest - logits[label];
  }

  private static int best(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      best = logits[i] > logits[best] ? i : best;
    }
    return best;
  }
}
