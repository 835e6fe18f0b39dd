package io.panamba.runtime;

/** A tensor whose shape, element type or memory does not fit where it was given. */
public final class ShapeException extends PanambaException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param message the operation, what was expected and what was given
   */
  public ShapeException(String message) {
    super(message);
  }
}
