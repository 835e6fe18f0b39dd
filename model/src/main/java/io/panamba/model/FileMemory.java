package io.panamba.model;

import io.panamba.model.checkpoint.CheckpointException;
import java.nio.file.Path;
import java.util.function.Supplier;

/** Memory of which a file decides how much is taken. */
final class FileMemory {
  private FileMemory() {}

  /**
   * Does something with a file.
   *
   * @throws CheckpointException if it takes more memory than there is
   */
  static <T> T guard(Path file, Supplier<T> work) {
    try {
      return work.get();
    } catch (OutOfMemoryError e) {
      throw new CheckpointException(file, "loading it takes more memory than there is", e);
    }
  }
}
