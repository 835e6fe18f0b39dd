package io.panamba.model.memory;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Copy;
import io.panamba.runtime.operation.Operation;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Brings results to where the host can read them, each once. Where operations work in the host's
 * memory, they are there.
 */
public final class HostCopies {
  private final DeviceMemory memory;
  private final List<Operation> operations;
  private final Map<Tensor, Tensor> copies = new HashMap<>();

  /**
   * Adds copies to operations.
   *
   * @param memory of the results
   * @param operations after which results are there
   */
  public HostCopies(DeviceMemory memory, List<Operation> operations) {
    this.memory = memory;
    this.operations = operations;
  }

  /**
   * Returns the tensor from which the host reads a result.
   *
   * @param result of the operations, or null
   * @return a tensor that the host reaches; null for null
   */
  public Tensor of(Tensor result) {
    return result == null ? null : copies.computeIfAbsent(result, this::copy);
  }

  private Tensor copy(Tensor result) {
    Tensor host = memory.staging(result);
    if (host != result) {
      operations.add(new Copy(result, host));
    }
    return host;
  }
}
