package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.cuda_runtime_h;
import io.panamba.runtime.internal.Memory;
import io.panamba.runtime.operation.Copy;
import io.panamba.runtime.operation.Operation;
import java.lang.foreign.MemorySegment;

/** Something that a plan puts on its stream: a part of an operation, ready to be launched. */
interface CudaStep {
  /** Puts it on the stream, or throws. */
  void launch(MemorySegment stream);

  /**
   * A kernel of Panamba's own.
   *
   * @param step the code and the struct of arguments
   * @param needsWork whether it gets the plan's workspace
   */
  record Kernel(
      CudaContext context,
      Operation operation,
      MemorySegment step,
      boolean needsWork,
      CudaScratch scratch)
      implements CudaStep {
    @Override
    public void launch(MemorySegment stream) {
      MemorySegment workspace = needsWork ? scratch.work() : MemorySegment.NULL;
      context.checkKernel(context.kernels().run(step, workspace, stream), operation);
    }
  }

  /** A copy between pinned memory of the host and the GPU's. */
  record Transfer(CudaContext context, Copy operation) implements CudaStep {
    @Override
    public void launch(MemorySegment stream) {
      MemorySegment from = Memory.of(operation.from());
      int kind =
          Memory.home(operation.from()) == null
              ? cuda_runtime_h.cudaMemcpyHostToDevice()
              : cuda_runtime_h.cudaMemcpyDeviceToHost();
      context.check(
          context.runtime().copy(Memory.of(operation.to()), from, from.byteSize(), kind, stream),
          operation);
    }
  }
}
