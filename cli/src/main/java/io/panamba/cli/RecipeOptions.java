package io.panamba.cli;

import io.panamba.model.training.Augmentation;
import io.panamba.model.training.Recipe;
import io.panamba.model.training.TrainingOptions;
import picocli.CommandLine.Option;

/** How a network is trained. */
final class RecipeOptions {
  private static final double MOST_WARM_UP = 5;

  private enum Augment {
    PHOTO,
    DRAWING,
    NONE
  }

  @Option(
      names = "--epochs",
      paramLabel = "N",
      defaultValue = "100",
      converter = Count.class,
      description = "Passes over the images (default: ${DEFAULT-VALUE}).")
  private int epochs;

  @Option(
      names = "--batch-size",
      paramLabel = "B",
      defaultValue = "32",
      converter = Count.UpTo1024.class,
      description = "Images of a step (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--lr",
      paramLabel = "RATE",
      defaultValue = "1e-3",
      description =
          "The highest learning rate; it falls as a cosine to a hundredth (default:"
              + " ${DEFAULT-VALUE}).")
  private double learningRate;

  @Option(
      names = "--warmup",
      paramLabel = "EPOCHS",
      description =
          "Epochs, perhaps parts of one, in which the learning rate rises (default: a tenth of all,"
              + " at most 5).")
  private Double warmUp;

  @Option(
      names = "--weight-decay",
      paramLabel = "D",
      defaultValue = "0.1",
      description =
          "Of AdamW; not of A_log, D, biases, norms, position embedding and class tokens (default:"
              + " ${DEFAULT-VALUE}).")
  private float weightDecay;

  @Option(
      names = "--clip",
      paramLabel = "NORM",
      defaultValue = "1",
      description =
          "The largest norm of the gradient; Infinity for none (default: ${DEFAULT-VALUE}).")
  private float clip;

  @Option(
      names = "--drop-path",
      paramLabel = "P",
      defaultValue = "0",
      description =
          "Stochastic depth: the probability that the last layer's mixer is dropped (default:"
              + " ${DEFAULT-VALUE}).")
  private float dropPath;

  @Option(
      names = "--smoothing",
      paramLabel = "P",
      defaultValue = "0.1",
      description = "Of labels (default: ${DEFAULT-VALUE}).")
  private float smoothing;

  @Option(
      names = "--ema",
      paramLabel = "DECAY",
      defaultValue = "0.9999",
      description =
          "Decay of the moving average of the weights, which is what is kept in the end; smaller"
              + " at the beginning, 0 for no average (default: ${DEFAULT-VALUE}).")
  private float averageDecay;

  @Option(
      names = "--augment",
      paramLabel = "KIND",
      defaultValue = "photo",
      description =
          "photo: random parts, resized, and mirrored, their masks alike; drawing: moved, turned"
              + " and scaled, strokes and colours changed; or none (default: ${DEFAULT-VALUE}).")
  private Augment augment;

  @Option(
      names = "--least-area",
      paramLabel = "PART",
      defaultValue = "0.08",
      description =
          "Of a photo: the smallest part of its area that is taken (default: ${DEFAULT-VALUE}).")
  private double leastArea;

  @Option(names = "--no-flip", description = "Do not mirror photos.")
  private boolean noFlip;

  @Option(
      names = "--color-jitter",
      paramLabel = "PART",
      defaultValue = "0",
      description =
          "Of a photo: how much brightness, contrast and saturation change (default:"
              + " ${DEFAULT-VALUE}).")
  private double colorJitter;

  @Option(
      names = "--freeze-backbone",
      description = "Of a segmentation network: train the head alone, over a backbone as it is.")
  private boolean frozen;

  @Option(
      names = "--held-out",
      paramLabel = "PART",
      defaultValue = "0.2",
      description = "Of the images, never trained on (default: ${DEFAULT-VALUE}).")
  private double heldOut;

  @Option(
      names = "--split-seed",
      paramLabel = "S",
      defaultValue = "0",
      description = "Decides which images are held out (default: ${DEFAULT-VALUE}).")
  private long splitSeed;

  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "0",
      description = "Of everything else that is drawn (default: ${DEFAULT-VALUE}).")
  private long seed;

  long seed() {
    return seed;
  }

  int batch() {
    return batch;
  }

  /**
   * Returns the recipe.
   *
   * @throws IllegalArgumentException if a number is out of its range
   */
  Recipe recipe() {
    return new Recipe(
        epochs,
        learningRate,
        warmUp == null ? Math.min(MOST_WARM_UP, epochs / 10.0) : warmUp,
        heldOut,
        splitSeed,
        switch (augment) {
          case PHOTO -> new Augmentation.Photo(leastArea, !noFlip, colorJitter);
          case DRAWING -> new Augmentation.Drawing();
          case NONE -> new Augmentation.None();
        },
        new TrainingOptions(
            batch, weightDecay, dropPath, smoothing, averageDecay, clip, seed, false, frozen));
  }
}
