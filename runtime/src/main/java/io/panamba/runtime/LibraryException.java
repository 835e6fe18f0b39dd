package io.panamba.runtime;

/**
 * The native library can't be found, loaded or used as asked for. The message names every place
 * that was tried, why it was refused, and what to do.
 */
public final class LibraryException extends PanambaException {
  private static final long serialVersionUID = 1L;

  LibraryException(String message) {
    super(message);
  }

  LibraryException(String message, Throwable cause) {
    super(message, cause);
  }

  /** The same failure for a later use, which has a stack of its own. */
  LibraryException again() {
    return new LibraryException(getMessage(), getCause());
  }
}
