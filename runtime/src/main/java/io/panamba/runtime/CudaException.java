package io.panamba.runtime;

/**
 * A GPU, or a library that drives it, refuses or fails. The message has the operation with its
 * shapes, the error's name and what it means.
 *
 * <p>Some errors, such as an illegal address, leave a GPU unusable until the process ends: whatever
 * uses the device later fails with the same error at once, and says so.
 */
public final class CudaException extends PanambaException {
  private static final long serialVersionUID = 1L;

  /** The error's name. */
  private final String errorName;

  /** What was being done when it came to light. */
  private final String operation;

  /**
   * Creates an exception.
   *
   * @param message the operation with its shapes, the error's name and what it means
   * @param errorName the error's name
   * @param operation what was being done when it came to light
   */
  public CudaException(String message, String errorName, String operation) {
    super(message);
    this.errorName = errorName;
    this.operation = operation;
  }

  /**
   * Creates an exception for a later use of what an earlier error left unusable.
   *
   * @param message what can't be done any more, and why
   * @param cause the earlier error, whose name and operation this one has
   */
  public CudaException(String message, CudaException cause) {
    super(message, cause);
    this.errorName = cause.errorName;
    this.operation = cause.operation;
  }

  /**
   * Returns the error's name.
   *
   * @return such as {@code cudaErrorMemoryAllocation} or {@code CUBLAS_STATUS_NOT_SUPPORTED}
   */
  public String errorName() {
    return errorName;
  }

  /**
   * Returns what was being done when the error came to light. Work on a GPU runs behind the calls
   * that order it, so that a fault in a run is one of all its operations.
   *
   * @return an operation with its shapes, or what the device was asked for
   */
  public String operation() {
    return operation;
  }
}
