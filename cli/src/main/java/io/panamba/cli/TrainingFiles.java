package io.panamba.cli;

import io.panamba.model.checkpoint.AtomicFile;
import io.panamba.model.files.PathText;
import io.panamba.model.training.EpochMetrics;
import io.panamba.model.training.TrainingRun;
import io.panamba.runtime.PanambaException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * What a training writes: the network, and its state, metrics and curves beside it. While they are
 * open no other training may write them.
 */
final class TrainingFiles implements AutoCloseable {
  private static final String EXTENSION = ".safetensors";
  private static final String STATE = ".state" + EXTENSION;

  private final Path output;
  private final Path state;
  private final Path metrics;
  private final Path curves;
  private final List<TrainingLock> locks = new ArrayList<>();

  /**
   * Checks the place before any work is done for it.
   *
   * @param named by the user; of a link, the others stand beside what it leads to
   * @param inputs of the command
   * @param warnings told if the file system has no locks
   * @throws PanambaException if a file can't be written there, is an input or one of the others, or
   *     if another training writes them
   */
  TrainingFiles(Path named, Inputs inputs, Consumer<String> warnings) throws IOException {
    OutputFile file = new OutputFile(named, inputs);
    if (file.isStandardOutput()) {
      throw new PanambaException(
          named + " is standard output, and a training writes four files; name another --output");
    }
    output = file.file();
    OutputFile.requireReplaceable(output);
    String name = PathText.of(output.getFileName());
    if (name.endsWith(STATE)) {
      throw new PanambaException(
          "%s is a name for the state of a training; name another --output".formatted(named));
    }
    String stem =
        name.endsWith(EXTENSION) ? name.substring(0, name.length() - EXTENSION.length()) : name;
    state = output.resolveSibling(PathText.path(stem + STATE));
    metrics = output.resolveSibling(PathText.path(stem + ".csv"));
    curves = output.resolveSibling(PathText.path(stem + ".svg"));
    List<Path> all = List.of(output, state, metrics, curves);
    for (Path beside : all.subList(1, all.size())) {
      inputs.requireOther(beside);
      OutputFile.requireReplaceable(beside);
      if (Files.isSymbolicLink(beside)) {
        throw new PanambaException(
            beside + " is a link, which is not followed; remove it or name another --output");
      }
      for (Path other : all.subList(0, all.indexOf(beside))) {
        if (Files.exists(beside) && Files.exists(other) && Files.isSameFile(beside, other)) {
          throw new PanambaException(
              "%s and %s are one file; name another --output".formatted(other, beside));
        }
      }
      AtomicFile.removeLeft(beside);
    }
    try {
      // Outputs of two names can have one state: n and n.safetensors.
      for (Path written : all) {
        locks.add(TrainingLock.take(written, warnings));
      }
    } catch (IOException | RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  Path state() {
    return state;
  }

  /**
   * Tells whether there is a state to go on from.
   *
   * @param wanted whether the caller asks for that
   * @throws PanambaException if a run would be lost that was not asked for, or is over
   */
  boolean isToBeResumed(boolean wanted) {
    boolean unfinished = Files.exists(state);
    if (unfinished && !wanted) {
      throw new PanambaException(
          "%s is the state of a run that has not ended: --resume goes on with it, removing it starts anew"
              .formatted(state));
    }
    if (!unfinished && wanted && Files.exists(output)) {
      throw new PanambaException(
          "%s is written and there is no %s: that run has ended. Without --resume another begins"
              .formatted(output, state));
    }
    return unfinished;
  }

  void saveState(TrainingRun run) {
    run.saveState(state);
  }

  void writeMetrics(List<EpochMetrics> epochs) {
    StringBuilder text =
        new StringBuilder(
            "epoch,training_loss,held_out_loss,held_out_accuracy,held_out_iou,learning_rate,seconds\n");
    for (EpochMetrics epoch : epochs) {
      text.append(
          String.format(
              Locale.ROOT,
              "%d,%s,%s,%s,%s,%s,%.3f\n",
              epoch.epoch(),
              (float) epoch.trainingLoss(),
              number(epoch.heldOutLoss()),
              number(epoch.heldOutAccuracy()),
              number(epoch.heldOutIou()),
              (float) epoch.learningRate(),
              epoch.seconds()));
    }
    replace(metrics, text.toString());
    replace(curves, new CurvePlot(epochs).svg());
  }

  private static String number(double value) {
    return Double.isNaN(value) ? "" : Float.toString((float) value);
  }

  private static void replace(Path file, String text) {
    ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
    try {
      AtomicFile.write(
          file,
          channel -> {
            while (bytes.hasRemaining()) {
              channel.write(bytes);
            }
          });
    } catch (IOException e) {
      throw new PanambaException(file + ": " + AtomicFile.reason(e), e);
    }
  }

  /** Writes the network; the state has done its duty. */
  void finish(TrainingRun run) throws IOException {
    writeMetrics(run.epochs());
    run.saveWeights(output);
    Files.deleteIfExists(state);
  }

  /** Lets others train to this output. */
  @Override
  public void close() throws IOException {
    IOException failure = null;
    for (TrainingLock lock : locks) {
      try {
        lock.close();
      } catch (IOException e) {
        failure = e;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
