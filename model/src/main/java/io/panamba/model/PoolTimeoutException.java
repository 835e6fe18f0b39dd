package io.panamba.model;

import io.panamba.runtime.PanambaException;

/** No inference of a pool became free in the time that a caller would wait. */
public final class PoolTimeoutException extends PanambaException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param message how long was waited, and for what
   */
  public PoolTimeoutException(String message) {
    super(message);
  }
}
