package io.panamba.tests.training;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.SafetensorsWriter;
import io.panamba.model.checkpoint.StoredTensor;
import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;

/** UCI's handwritten digits. */
public final class Digits {
  private Digits() {}

  /**
   * Finds the file.
   *
   * @return 1797 images of 8 x 8
   */
  public static Path file() {
    try {
      return Path.of(
          Objects.requireNonNull(Digits.class.getResource("/data/digits.safetensors"), "digits")
              .toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  /**
   * Writes the first digits.
   *
   * @param target the file
   * @param count of images; from 20 on, all classes are there
   * @return the file
   */
  public static Path some(Path target, int count) {
    try (Checkpoint all = Checkpoint.open(file());
        Arena arena = Arena.ofConfined()) {
      SafetensorsWriter.write(
          target,
          Map.of(
              "image",
              first(arena, all.find("image").orElseThrow(), Shape.of(count, 1, 8, 8)),
              "label",
              first(arena, all.find("label").orElseThrow(), Shape.of(count))),
          all.metadata());
    }
    return target;
  }

  private static Tensor first(Arena arena, StoredTensor stored, Shape shape) {
    Tensor tensor = Tensor.allocate(arena, DType.U8, shape);
    stored.read(0, tensor.segment());
    return tensor;
  }
}
