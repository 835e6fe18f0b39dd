package io.panamba.tests.kit;

import io.panamba.model.architecture.Precision;
import io.panamba.runtime.CudaException;
import io.panamba.runtime.Device;
import io.panamba.runtime.LibraryException;
import io.panamba.runtime.internal.cuda.FakeCuda;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.provider.Arguments;

/** GPUs to test on. */
public enum Gpu {
  /** None: the runtime's Java side, with everything else done by the processor. */
  FAKE,
  /** The same, with a cuDNN. */
  FAKE_CUDNN,
  /** The first one of this machine. */
  REAL;

  /**
   * Opens it; a test on a GPU that is not there is skipped, and says why.
   *
   * @return the device
   */
  public Device open() {
    if (this != REAL) {
      return new FakeCuda(1, this == FAKE_CUDNN).open(0);
    }
    try {
      return Device.cuda(0);
    } catch (LibraryException | CudaException e) {
      return Assumptions.abort(e.getMessage());
    }
  }

  /**
   * Combines GPUs, precisions and names.
   *
   * @param gpus to test on
   * @param names of networks
   * @return arguments (GPU, precision, name)
   */
  public static Stream<Arguments> inEveryPrecision(List<Gpu> gpus, List<String> names) {
    return gpus.stream()
        .flatMap(
            gpu ->
                Stream.of(Precision.values())
                    .flatMap(
                        precision ->
                            names.stream().map(name -> Arguments.of(gpu, precision, name))));
  }
}
