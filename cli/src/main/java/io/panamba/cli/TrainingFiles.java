package io.panamba.cli;

import io.panamba.model.files.PathText;
import io.panamba.model.training.EpochMetrics;
import io.panamba.model.training.TrainingRun;
import io.panamba.runtime.PanambaException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/** What a training writes: the network, and its state, metrics and curves beside it. */
final class TrainingFiles {
  private static final String EXTENSION = ".safetensors";

  private final Path output;
  private final Path state;
  private final Path metrics;
  private final Path curves;

  /**
   * Checks the place before any work is done for it.
   *
   * @throws PanambaException if no file can be written there
   */
  TrainingFiles(Path output) {
    OutputFile.requireWritable(output);
    this.output = output;
    String name = PathText.of(output.getFileName());
    String stem =
        name.endsWith(EXTENSION) ? name.substring(0, name.length() - EXTENSION.length()) : name;
    state = output.resolveSibling(PathText.path(stem + ".state" + EXTENSION));
    metrics = output.resolveSibling(PathText.path(stem + ".csv"));
    curves = output.resolveSibling(PathText.path(stem + ".svg"));
  }

  Path state() {
    return state;
  }

  /**
   * Checks that the end of the run does not replace what it learns from.
   *
   * @throws PanambaException if a file to be written is the data
   */
  void requireOtherThan(Path data) throws IOException {
    for (Path file : List.of(output, state, metrics, curves)) {
      if (Files.exists(file) && Files.exists(data) && Files.isSameFile(file, data)) {
        throw new PanambaException(
            "%s is the data, and would be replaced; name another --output".formatted(file));
      }
    }
  }

  /**
   * Tells whether there is a state to go on from.
   *
   * @param wanted whether the caller asks for that
   * @throws PanambaException if a run would be lost that was not asked for, or is over
   */
  boolean isToBeResumed(boolean wanted) throws IOException {
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
    removeParts(output);
    removeParts(state);
    return unfinished;
  }

  /** Removes what a process left behind that was killed while it wrote a file. */
  private static void removeParts(Path file) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    Pattern part =
        Pattern.compile(
            "\\.%s\\.[-0-9a-f]+\\.part".formatted(Pattern.quote("" + file.getFileName())));
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(
            folder, path -> part.matcher(path.getFileName().toString()).matches())) {
      for (Path left : files) {
        Files.deleteIfExists(left);
      }
    }
  }

  void saveState(TrainingRun run) {
    run.saveState(state);
  }

  void writeMetrics(List<EpochMetrics> epochs) throws IOException {
    StringBuilder text =
        new StringBuilder(
            "epoch,training_loss,held_out_loss,held_out_accuracy,learning_rate,seconds\n");
    for (EpochMetrics epoch : epochs) {
      text.append(
          String.format(
              Locale.ROOT,
              "%d,%s,%s,%s,%s,%.3f\n",
              epoch.epoch(),
              (float) epoch.trainingLoss(),
              number(epoch.heldOutLoss()),
              number(epoch.heldOutAccuracy()),
              (float) epoch.learningRate(),
              epoch.seconds()));
    }
    replace(metrics, text.toString());
    replace(curves, new CurvePlot(epochs).svg());
  }

  private static String number(double value) {
    return Double.isNaN(value) ? "" : Float.toString((float) value);
  }

  private static void replace(Path file, String text) throws IOException {
    Path part = file.resolveSibling("." + file.getFileName() + ".part");
    Files.writeString(part, text);
    Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Writes the network; the state has done its duty. */
  void finish(TrainingRun run) throws IOException {
    writeMetrics(run.epochs());
    run.saveWeights(output);
    Files.deleteIfExists(state);
  }
}
