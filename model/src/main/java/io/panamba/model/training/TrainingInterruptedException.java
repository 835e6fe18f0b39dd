package io.panamba.model.training;

import io.panamba.runtime.PanambaException;

/**
 * A thread was interrupted, which it stays, while it waited for the images of a step. The step was
 * not made, and the run may go on.
 */
public final class TrainingInterruptedException extends PanambaException {
  private static final long serialVersionUID = 1L;

  TrainingInterruptedException(String message, Throwable cause) {
    super(message, cause);
  }
}
