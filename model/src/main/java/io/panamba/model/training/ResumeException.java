package io.panamba.model.training;

import io.panamba.runtime.PanambaException;
import io.panamba.runtime.Printable;

/** A training that can't go on where a file says it was. */
public final class ResumeException extends PanambaException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param message what was expected, what was found and what to do
   */
  public ResumeException(String message) {
    super(Printable.line(message));
  }
}
