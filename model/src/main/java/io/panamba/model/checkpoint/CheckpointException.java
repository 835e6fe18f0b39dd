package io.panamba.model.checkpoint;

import io.panamba.model.files.PathText;
import io.panamba.runtime.PanambaException;
import io.panamba.runtime.Printable;
import java.nio.file.Path;

/** A file that can't be read as a checkpoint, or that can't be written. */
public final class CheckpointException extends PanambaException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param file the checkpoint
   * @param message what is wrong with it, and where
   */
  public CheckpointException(Path file, String message) {
    super(Printable.line(PathText.of(file) + ": " + message));
  }

  /**
   * Creates an exception with its cause.
   *
   * @param file the checkpoint
   * @param message what is wrong with it, and where
   * @param cause what led to it
   */
  public CheckpointException(Path file, String message, Throwable cause) {
    super(Printable.line(PathText.of(file) + ": " + message), cause);
  }
}
