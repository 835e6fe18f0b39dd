package io.panamba.model.training;

import io.panamba.model.files.ImageSearch;
import io.panamba.model.files.PathText;
import io.panamba.runtime.PanambaException;
import io.panamba.runtime.Printable;
import java.nio.file.Path;

/** Data that a network can't be trained on. */
public final class DatasetException extends PanambaException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param message what was expected, what was found and what to do
   */
  public DatasetException(String message) {
    super(Printable.line(message));
  }

  /**
   * Creates an exception with its cause.
   *
   * @param message what was expected, what was found and what to do
   * @param cause what led to it
   */
  public DatasetException(String message, Throwable cause) {
    super(Printable.line(message), cause);
  }

  /** Refuses folders of which a part can't be read: pictures would be missing. */
  static void requireRead(ImageSearch search) {
    if (!search.failures().isEmpty()) {
      PanambaException first = search.failures().getFirst();
      throw new DatasetException("the data can't be read: " + first.getMessage(), first);
    }
  }

  static DatasetException memory(Path data, OutOfMemoryError e) {
    return new DatasetException(
        PathText.printable(data) + ": reading it takes more memory than there is", e);
  }
}
