package io.panamba.runtime;

/** A tensor whose shape or element type does not fit where it was given. */
public final class ShapeException extends PanambaException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param message the operation, the expected and the given shape
   */
  public ShapeException(String message) {
    super(message);
  }
}
