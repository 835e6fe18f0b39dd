package io.panamba.cli;

import io.panamba.model.checkpoint.SafetensorsWriter;
import io.panamba.runtime.PanambaException;
import io.panamba.runtime.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A safetensors file to be written: whole, or not at all. */
final class OutputFile {
  private final Path file;

  /**
   * Checks the place before any work is done for it.
   *
   * @throws PanambaException if no file can be written there
   */
  OutputFile(Path file) {
    requireWritable(file);
    this.file = file;
  }

  /**
   * Checks a place.
   *
   * @throws PanambaException if no file can be written there
   */
  static void requireWritable(Path file) {
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null || Files.isDirectory(file)) {
      throw new PanambaException(file + " is a folder; name a file to write");
    }
    if (!Files.isDirectory(folder)) {
      throw new PanambaException(
          "%s can't be written: there is no folder %s".formatted(file, folder));
    }
    if (!Files.isWritable(folder)) {
      throw new PanambaException(
          "%s can't be written: the folder %s is read-only".formatted(file, folder));
    }
  }

  void write(Map<String, Tensor> tensors, Map<String, String> metadata) {
    SafetensorsWriter.write(file, tensors, metadata);
  }
}
