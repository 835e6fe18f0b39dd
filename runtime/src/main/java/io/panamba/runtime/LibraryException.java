package io.panamba.runtime;

/**
 * The native library can't be found, loaded or used as asked for. The message names every place
 * that was tried, why it was refused, and what to do.
 */
public final class LibraryException extends PanambaException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param message every place that was tried, why it was refused, and what to do
   */
  public LibraryException(String message) {
    super(message);
  }

  /**
   * Creates an exception with its cause.
   *
   * @param message every place that was tried, why it was refused, and what to do
   * @param cause what led to it
   */
  public LibraryException(String message, Throwable cause) {
    super(message, cause);
  }
}
