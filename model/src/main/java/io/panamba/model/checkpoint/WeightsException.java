package io.panamba.model.checkpoint;

import io.panamba.runtime.PanambaException;
import io.panamba.runtime.Printable;

/**
 * A checkpoint whose tensors are not those of the network: a key that is missing, unknown or of
 * another shape.
 */
public final class WeightsException extends PanambaException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param message the key, the expected and the given shape
   */
  public WeightsException(String message) {
    super(Printable.line(message));
  }
}
