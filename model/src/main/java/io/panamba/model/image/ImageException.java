package io.panamba.model.image;

import io.panamba.runtime.PanambaException;
import io.panamba.runtime.Printable;

/**
 * A picture that can't be read: not a picture, damaged, cut short, too large or of an unsupported
 * kind.
 */
public final class ImageException extends PanambaException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param message the picture's name and what is wrong with it
   */
  public ImageException(String message) {
    super(Printable.line(message));
  }

  /**
   * Creates an exception with its cause.
   *
   * @param message the picture's name and what is wrong with it
   * @param cause what led to it
   */
  public ImageException(String message, Throwable cause) {
    super(Printable.line(message), cause);
  }
}
