package io.panamba.model.training;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Files of a training, for fuzzing. */
public final class TrainingParsers {
  private static final Map<String, String> IDENTITY = Map.of("data", "digits");
  private static final Shape PARAMETER = Shape.of(2, 3);
  private static final long ALL_STEPS = 10;
  private static final long STEPS_PER_EPOCH = 2;

  private TrainingParsers() {}

  /**
   * Opens pictures and labels in tensors.
   *
   * @param file the input
   * @return what they are, and the sum of the first picture
   */
  public static Object dataset(Path file) {
    try (LabelledDataset dataset = (LabelledDataset) Dataset.open(file)) {
      List<Object> content = new ArrayList<>();
      content.add(dataset.fingerprint());
      content.add(dataset.classes().size());
      content.add(dataset.label(dataset.size() - 1));
      content.add(Arrays.hashCode(dataset.image(0).pixels()));
      return content;
    }
  }

  /**
   * Resumes a small run.
   *
   * @param file the input
   * @return where the run is
   */
  public static Object state(Path file) {
    try (Arena arena = Arena.ofConfined()) {
      Tensor parameter = Tensor.allocate(arena, DType.F32, PARAMETER);
      RunState state =
          RunState.read(file, Map.of("p", parameter), IDENTITY, ALL_STEPS, STEPS_PER_EPOCH);
      return List.of(state.step(), state.lossSum(), state.epochs());
    }
  }
}
