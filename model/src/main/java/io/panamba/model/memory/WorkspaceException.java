package io.panamba.model.memory;

import io.panamba.runtime.PanambaException;
import io.panamba.runtime.Printable;

/** Memory or a temporary file for an inference or a training that is not to be had. */
public final class WorkspaceException extends PanambaException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param message how much is needed, how much there is, and what to do
   */
  public WorkspaceException(String message) {
    super(Printable.line(message));
  }

  /**
   * Creates an exception with its cause.
   *
   * @param message how much is needed and what to do
   * @param cause what led to it
   */
  public WorkspaceException(String message, Throwable cause) {
    super(Printable.line(message), cause);
  }
}
