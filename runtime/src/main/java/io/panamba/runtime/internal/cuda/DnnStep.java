package io.panamba.runtime.internal.cuda;

import io.panamba.runtime.operation.Operation;
import java.lang.foreign.MemorySegment;

/** A graph of cuDNN's, with the memory that it works on. */
final class DnnStep implements CudaStep {
  private final CudaContext context;
  private final DnnApi api;
  private final MemorySegment handle;
  private final CudaDnn.Shared shared;
  private final Operation operation;
  private MemorySegment variantPack;

  DnnStep(
      CudaContext context,
      DnnApi api,
      MemorySegment handle,
      CudaDnn.Shared shared,
      Operation operation) {
    this.context = context;
    this.api = api;
    this.handle = handle;
    this.shared = shared;
    this.operation = operation;
  }

  /** Says where everything lies. */
  void place(MemorySegment pack) {
    this.variantPack = pack;
  }

  @Override
  public void launch(MemorySegment stream) {
    execute(variantPack, stream);
  }

  /** Plans are shared, and nothing promises that threads may execute one at the same time. */
  void execute(MemorySegment pack, MemorySegment stream) {
    synchronized (shared) {
      context.use();
      context.checkDnn(api, api.setStream(handle, stream), operation);
      context.checkDnn(api, api.execute(handle, shared.plan().plan(), pack), operation);
    }
  }
}
