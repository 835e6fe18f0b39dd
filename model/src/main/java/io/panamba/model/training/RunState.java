package io.panamba.model.training;

import io.panamba.model.checkpoint.AtomicFile;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.CheckpointException;
import io.panamba.model.checkpoint.SafetensorsWriter;
import io.panamba.model.checkpoint.StoredTensor;
import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Where a run is, beside the tensors of its trainer.
 *
 * @param step how many were made
 * @param lossSum of those of this epoch
 * @param epochs that ended
 */
record RunState(long step, double lossSum, List<EpochMetrics> epochs) {
  private static final String VERSION = "2";
  private static final String STEP = "step";
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /**
   * Writes a file, whole or not at all. Nobody named it, so a link in its place is not followed.
   *
   * @param identity what has to be the same where the run goes on
   * @throws CheckpointException if it can't be written
   */
  void write(Path file, Map<String, Tensor> trainer, Map<String, String> identity) {
    try (Arena arena = Arena.ofConfined()) {
      Map<String, Tensor> tensors = new LinkedHashMap<>(trainer);
      tensors.put("loss_sum", doubles(arena, List.of(new double[] {lossSum}), 1));
      tensors.put(
          "epochs",
          doubles(
              arena, epochs.stream().map(EpochMetrics::toArray).toList(), EpochMetrics.NUMBERS));
      Map<String, String> metadata = new LinkedHashMap<>(identity);
      metadata.put("training_state", VERSION);
      metadata.put(STEP, Long.toString(step));
      AtomicFile.write(file, channel -> SafetensorsWriter.write(channel, tensors, metadata));
    } catch (IOException e) {
      throw new CheckpointException(file, AtomicFile.reason(e), e);
    }
  }

  private static Tensor doubles(Arena arena, List<double[]> rows, int columns) {
    Tensor tensor = Tensor.allocate(arena, DType.F64, Shape.of(rows.size(), columns));
    for (int row = 0; row < rows.size(); row++) {
      for (int column = 0; column < columns; column++) {
        tensor
            .segment()
            .set(DOUBLE, ((long) row * columns + column) * Double.BYTES, rows.get(row)[column]);
      }
    }
    return tensor;
  }

  /**
   * Reads a file.
   *
   * @param trainer the tensors to fill; left as they are where the file is refused
   * @param identity as it was written
   * @param allSteps of the run
   * @param stepsPerEpoch of the run
   * @throws ResumeException if the file belongs to another run
   */
  static RunState read(
      Path file,
      Map<String, Tensor> trainer,
      Map<String, String> identity,
      long allSteps,
      long stepsPerEpoch) {
    try (Checkpoint checkpoint = Checkpoint.open(file)) {
      Map<String, String> metadata = checkpoint.metadata();
      if (!VERSION.equals(metadata.get("training_state"))) {
        throw new ResumeException(file + " is no state of a training that this version can resume");
      }
      identity.forEach(
          (name, wanted) -> {
            if (!wanted.equals(metadata.get(name))) {
              throw new ResumeException(
                  "%s was trained with another %s: %s; now it is %s. Resume with the same options, or start anew"
                      .formatted(file, name, metadata.get(name), wanted));
            }
          });
      long step = step(file, metadata.get(STEP), allSteps);
      int ended = (int) (step / stepsPerEpoch);
      StoredTensor rows =
          tensor(checkpoint, "epochs", DType.F64, Shape.of(ended, EpochMetrics.NUMBERS));
      List<EpochMetrics> epochs = new ArrayList<>();
      double lossSum;
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment metrics = rows.copy(arena);
        for (long row = 0; row < ended; row++) {
          double[] numbers = new double[EpochMetrics.NUMBERS];
          for (int i = 0; i < numbers.length; i++) {
            numbers[i] = metrics.get(DOUBLE, (row * numbers.length + i) * Double.BYTES);
          }
          epochs.add(EpochMetrics.of(numbers));
        }
        lossSum =
            tensor(checkpoint, "loss_sum", DType.F64, Shape.of(1, 1)).copy(arena).get(DOUBLE, 0);
      }
      Map<String, StoredTensor> found = new LinkedHashMap<>();
      trainer.forEach(
          (key, tensor) -> found.put(key, tensor(checkpoint, key, DType.F32, tensor.shape())));
      // Nothing is changed before all is known to be right, but for a file that changes meanwhile.
      found.forEach((key, stored) -> stored.read(0, trainer.get(key).segment()));
      return new RunState(step, lossSum, epochs);
    }
  }

  private static long step(Path file, String text, long allSteps) {
    try {
      long step = Long.parseLong(text);
      if (step >= 0 && step <= allSteps) {
        return step;
      }
    } catch (NumberFormatException _) {
      // Refused below.
    }
    throw new ResumeException(
        "%s: the step is '%s'; expected 0 to %d".formatted(file, text, allSteps));
  }

  private static StoredTensor tensor(Checkpoint checkpoint, String key, DType dtype, Shape shape) {
    StoredTensor stored =
        checkpoint
            .find(key)
            .orElseThrow(
                () -> new ResumeException("%s: %s is missing".formatted(checkpoint.path(), key)));
    if (stored.dtype() != dtype || !stored.shape().equals(shape) || !stored.isContiguous()) {
      throw new ResumeException(
          "%s: %s is %s%s; expected %s%s"
              .formatted(checkpoint.path(), key, stored.dtype(), stored.shape(), dtype, shape));
    }
    return stored;
  }
}
