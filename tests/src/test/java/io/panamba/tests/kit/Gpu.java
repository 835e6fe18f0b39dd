package io.panamba.tests.kit;

import io.panamba.runtime.CudaException;
import io.panamba.runtime.Device;
import io.panamba.runtime.LibraryException;
import io.panamba.runtime.internal.cuda.FakeCuda;
import org.junit.jupiter.api.Assumptions;

/** GPUs to test on. */
public enum Gpu {
  /** None: the runtime's Java side, with everything else done by the processor. */
  FAKE,
  /** The first one of this machine. */
  REAL;

  /**
   * Opens it; a test on a GPU that is not there is skipped, and says why.
   *
   * @return the device
   */
  public Device open() {
    if (this == FAKE) {
      return new FakeCuda(1).open(0);
    }
    try {
      return Device.cuda(0);
    } catch (LibraryException | CudaException e) {
      return Assumptions.abort(e.getMessage());
    }
  }
}
