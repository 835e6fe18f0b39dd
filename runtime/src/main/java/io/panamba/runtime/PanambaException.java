package io.panamba.runtime;

/** The base of every exception that Panamba throws for a reason outside its caller's code. */
public class PanambaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param message what was expected, what was found and what to do
   */
  public PanambaException(String message) {
    super(message);
  }

  /**
   * Creates an exception with its cause.
   *
   * @param message what was expected, what was found and what to do
   * @param cause what led to it
   */
  public PanambaException(String message, Throwable cause) {
    super(message, cause);
  }
}
