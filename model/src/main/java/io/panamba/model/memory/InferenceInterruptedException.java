package io.panamba.model.memory;

import io.panamba.runtime.PanambaException;

/**
 * A wait for an inference, or a long inference, that ended early: its thread was interrupted, which
 * it stays, or the inference was closed meanwhile.
 */
public final class InferenceInterruptedException extends PanambaException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param message who ended it, and how far it was
   */
  public InferenceInterruptedException(String message) {
    super(message);
  }
}
