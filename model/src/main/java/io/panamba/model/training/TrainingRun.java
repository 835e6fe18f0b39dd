package io.panamba.model.training;

import io.panamba.model.Architectures;
import io.panamba.model.Labels;
import io.panamba.model.Network;
import io.panamba.model.NonFiniteException;
import io.panamba.model.architecture.Architecture;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.SafetensorsWriter;
import io.panamba.runtime.Device;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Trains a network on a dataset, epoch by epoch. The order of images, what is drawn and all sums
 * are functions of seeds and counts, so that a run has the same bits on any number of threads, and
 * one that is resumed those of one that never stopped. It belongs to one caller at a time.
 */
public final class TrainingRun implements AutoCloseable {
  private final Dataset data;
  private final Recipe recipe;
  private final Device device;
  private final String family;
  private final Trainer trainer;
  private final Supervision supervision;
  private final BatchLoader loader;
  private final Split split;
  private final Schedule schedule;
  private final int stepsPerEpoch;
  private final List<EpochMetrics> epochs = new ArrayList<>();

  /** What has to be the same where a run goes on. */
  private final Map<String, String> identity = new LinkedHashMap<>();

  private double lossSum;
  private long epochStart = System.nanoTime();

  /** The epoch whose order is in {@link #order}. */
  private int orderedEpoch = -1;

  private int[] order;

  /** The step whose images are being read, or -1. */
  private long loading = -1;

  /**
   * Makes a run ready.
   *
   * @param <C> what describes networks of the family
   * @param family of the network
   * @param config of the network, with as many classes as the data
   * @param weights to start from
   * @param data what is learnt; it stays the caller's to close
   * @param recipe how
   * @param device where; it stays the caller's to close
   * @throws DatasetException if the data has too few images for a batch, or other classes
   * @throws io.panamba.model.checkpoint.WeightsException as of {@link Trainer}
   * @throws io.panamba.model.memory.WorkspaceException as of {@link Trainer}
   * @throws IllegalArgumentException as of {@link Trainer}
   */
  public <C extends NetworkConfig> TrainingRun(
      Architecture<C> family,
      C config,
      Map<String, Tensor> weights,
      Dataset data,
      Recipe recipe,
      Device device) {
    this.data = data;
    this.recipe = recipe;
    this.device = device;
    int batch = recipe.step().batch();
    if (config.classes() != data.classes().size()) {
      throw new DatasetException(
          "the network has %d classes, the data %d"
              .formatted(config.classes(), data.classes().size()));
    }
    if (config.colours() != 3) {
      throw new DatasetException(
          "pictures have 3 colours; the network expects " + config.colours());
    }
    split = Split.of(data.size(), recipe.heldOut(), recipe.splitSeed());
    stepsPerEpoch = split.trained().length / batch;
    if (stepsPerEpoch == 0) {
      throw new DatasetException(
          "%d images to train on are less than a batch of %d; take a smaller batch"
              .formatted(split.trained().length, batch));
    }
    schedule = recipe.schedule(stepsPerEpoch);
    this.family = family.name();
    supervision = Supervision.of(data, config, recipe.augmentation());
    trainer = new Trainer(family, config, weights, recipe.step(), device);
    try {
      loader = new BatchLoader(config, batch, device.threads());
    } catch (RuntimeException | Error e) {
      trainer.close();
      throw e;
    }
  }

  /**
   * Returns the trainer, for its sizes.
   *
   * @return the trainer; making steps by it is this run's business
   */
  public Trainer trainer() {
    return trainer;
  }

  /**
   * Returns which images are trained on. Of every epoch those that fill no batch are left out,
   * other ones each time.
   *
   * @return the split
   */
  public Split split() {
    return split;
  }

  /**
   * Returns how many steps make an epoch.
   *
   * @return at least 1
   */
  public int stepsPerEpoch() {
    return stepsPerEpoch;
  }

  /**
   * Returns how many steps were made.
   *
   * @return from 0 to {@link #allSteps()}
   */
  public long steps() {
    return trainer.steps();
  }

  /**
   * Returns how many epochs the recipe has.
   *
   * @return at least 1
   */
  public int allEpochs() {
    return recipe.epochs();
  }

  /**
   * Returns how many steps the recipe has.
   *
   * @return epochs times {@link #stepsPerEpoch()}
   */
  public long allSteps() {
    return schedule.steps();
  }

  /**
   * Tells whether the recipe is done.
   *
   * @return true if there are no more steps
   */
  public boolean isDone() {
    return trainer.steps() >= schedule.steps();
  }

  /**
   * Returns the epochs that ended.
   *
   * @return their metrics in order
   */
  public List<EpochMetrics> epochs() {
    return List.copyOf(epochs);
  }

  /**
   * Makes a step, and at the end of an epoch evaluates the network on the images held out.
   *
   * @return the mean loss of the step's images before it
   * @throws TrainingInterruptedException if the thread is interrupted while it waits for the step's
   *     images; the step is then not made. An interrupt that comes later ends neither the step nor
   *     the evaluation
   * @throws IllegalStateException if the run is done
   * @throws NonFiniteException if the loss, or a logit for an image held out, is NaN or infinite
   */
  public double step() {
    if (isDone()) {
      throw new IllegalStateException("the run is done");
    }
    long step = trainer.steps();
    if (loading != step) {
      load(step);
    }
    loading = -1;
    int[][] labels = loader.take(trainer.images());
    for (int i = 0; i < labels.length; i++) {
      MemorySegment.copy(
          labels[i],
          0,
          trainer.labels().segment(),
          ValueLayout.JAVA_INT,
          (long) i * labels[i].length * Integer.BYTES,
          labels[i].length);
    }
    long next = step + 1;
    boolean last = next % stepsPerEpoch == 0;
    if (!last) {
      load(next);
    }
    double rate = schedule.rate(step);
    double loss = trainer.step(rate);
    if (!Double.isFinite(loss)) {
      throw new NonFiniteException(
          "the loss is %s in step %d: lower the learning rate, lengthen the warm-up or clip gradients"
              .formatted(loss, next));
    }
    lossSum += loss;
    if (last) {
      endEpoch(rate);
    }
    return loss;
  }

  /** The images of a step. */
  private int[] indices(long step) {
    int epoch = (int) (step / stepsPerEpoch);
    if (epoch != orderedEpoch) {
      order =
          Split.shuffled(
              split.trained().length, Draws.of(recipe.step().seed(), Draws.Purpose.ORDER, epoch));
      orderedEpoch = epoch;
    }
    int batch = recipe.step().batch();
    int first = (int) (step % stepsPerEpoch) * batch;
    return Arrays.stream(order, first, first + batch).map(i -> split.trained()[i]).toArray();
  }

  private void load(long step) {
    int[] indices = indices(step);
    long epoch = step / stepsPerEpoch;
    loader.begin(
        indices.length,
        slot ->
            supervision.learnt(
                indices[slot],
                Draws.of(recipe.step().seed(), Draws.Purpose.AUGMENTATION, epoch, indices[slot])));
    loading = step;
  }

  private void endEpoch(double rate) {
    double loss = lossSum / stepsPerEpoch;
    lossSum = 0;
    Supervision.Score score = evaluate();
    long now = System.nanoTime();
    epochs.add(
        new EpochMetrics(
            epochs.size() + 1,
            loss,
            score.loss(),
            score.accuracy(),
            score.iou(),
            rate,
            (now - epochStart) / 1e9));
    epochStart = now;
  }

  /** Asks the trained network, as it would be saved now, about the images held out. */
  private Supervision.Score evaluate() {
    int[] heldOut = split.heldOut();
    if (heldOut.length == 0) {
      return Supervision.Score.NONE;
    }
    try (Arena arena = Arena.ofConfined();
        Checkpoint trained = Checkpoint.of(trainer.trained(arena));
        Network network = Network.load(trained, device, trainer.config().settings())) {
      return supervision.judge(network, heldOut, loader);
    }
  }

  /** Read once: a fingerprint may be a sum over all the data. */
  private Map<String, String> identity() {
    if (identity.isEmpty()) {
      identity.put("network", trainer.config().toString());
      identity.put("recipe", recipe.toString());
      identity.put("data", data.fingerprint());
    }
    return identity;
  }

  /**
   * Writes everything that the rest of the run depends on. The file is complete or not there,
   * whenever the process is killed.
   *
   * @param file replaced if it exists; a link is not followed
   * @throws NonFiniteException if a number is NaN or infinite; the file is then what it was
   * @throws io.panamba.model.checkpoint.CheckpointException if it can't be written
   */
  public void saveState(Path file) {
    Map<String, Tensor> state = trainer.state();
    requireFinite(state);
    new RunState(trainer.steps(), lossSum, epochs).write(file, state, identity());
  }

  /**
   * Goes on where a file says a run was, to the bits of that run.
   *
   * @param file of {@link #saveState}
   * @throws io.panamba.model.checkpoint.CheckpointException if the file can't be read; if it
   *     changes meanwhile, this run may have a part of it and is of no more use
   * @throws ResumeException if it is of another network, recipe or dataset; the run is then as it
   *     was
   */
  public void resume(Path file) {
    RunState state = RunState.read(file, trainer.state(), identity(), allSteps(), stepsPerEpoch);
    trainer.resumeAt(state.step());
    loading = -1;
    lossSum = state.lossSum();
    epochs.clear();
    epochs.addAll(state.epochs());
  }

  /**
   * Writes the trained network, under the published keys: the moving average if one is kept.
   *
   * @param file replaced if it exists
   * @throws NonFiniteException if a weight is NaN or infinite; the file is then what it was
   * @throws io.panamba.model.checkpoint.CheckpointException if it can't be written
   */
  public void saveWeights(Path file) {
    try (Arena arena = Arena.ofConfined()) {
      Map<String, String> metadata = new LinkedHashMap<>(trainer.config().settings().metadata());
      metadata.put(Architectures.METADATA, family);
      metadata.put("format", "pt");
      metadata.put(Labels.METADATA, String.join("\n", data.classes()));
      Map<String, Tensor> weights = trainer.trained(arena);
      requireFinite(weights);
      SafetensorsWriter.write(file, weights, metadata);
    }
  }

  private void requireFinite(Map<String, Tensor> tensors) {
    String advice =
        "after step %s; lower the learning rate, lengthen the warm-up or clip gradients"
            .formatted(trainer.steps());
    tensors.forEach((name, tensor) -> NonFiniteException.check(name, tensor, advice));
  }

  /**
   * Frees the network, and waits for the images that are being read, at most one for each thread of
   * the device. A second close does nothing.
   */
  @Override
  public void close() {
    loader.close();
    trainer.close();
  }
}
