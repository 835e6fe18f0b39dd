package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.cuda_runtime_h;
import java.lang.foreign.MemorySegment;

/** The CUDA runtime, called through its bindings. */
final class RuntimeBindings implements RuntimeApi {
  @Override
  public int deviceCount(MemorySegment count) {
    return cuda_runtime_h.cudaGetDeviceCount(count);
  }

  @Override
  public int setDevice(int ordinal) {
    return cuda_runtime_h.cudaSetDevice(ordinal);
  }

  @Override
  public int deviceAttribute(MemorySegment value, int attribute, int ordinal) {
    return cuda_runtime_h.cudaDeviceGetAttribute(value, attribute, ordinal);
  }

  @Override
  public int memoryInfo(MemorySegment free, MemorySegment total) {
    return cuda_runtime_h.cudaMemGetInfo(free, total);
  }

  @Override
  public int createPool(MemorySegment pool, MemorySegment properties) {
    return cuda_runtime_h.cudaMemPoolCreate(pool, properties);
  }

  @Override
  public int setPoolAttribute(MemorySegment pool, int attribute, MemorySegment value) {
    return cuda_runtime_h.cudaMemPoolSetAttribute(pool, attribute, value);
  }

  @Override
  public int destroyPool(MemorySegment pool) {
    return cuda_runtime_h.cudaMemPoolDestroy(pool);
  }

  @Override
  public int allocate(MemorySegment pointer, long bytes, MemorySegment pool, MemorySegment stream) {
    return cuda_runtime_h.cudaMallocFromPoolAsync(pointer, bytes, pool, stream);
  }

  @Override
  public int free(MemorySegment pointer, MemorySegment stream) {
    return cuda_runtime_h.cudaFreeAsync(pointer, stream);
  }

  @Override
  public int allocateHost(MemorySegment pointer, long bytes) {
    return cuda_runtime_h.cudaHostAlloc(pointer, bytes, cuda_runtime_h.cudaHostAllocDefault());
  }

  @Override
  public int freeHost(MemorySegment pointer) {
    return cuda_runtime_h.cudaFreeHost(pointer);
  }

  @Override
  public int copy(
      MemorySegment to, MemorySegment from, long bytes, int kind, MemorySegment stream) {
    return cuda_runtime_h.cudaMemcpyAsync(to, from, bytes, kind, stream);
  }

  @Override
  public int fill(MemorySegment pointer, int value, long bytes, MemorySegment stream) {
    return cuda_runtime_h.cudaMemsetAsync(pointer, value, bytes, stream);
  }

  @Override
  public int createStream(MemorySegment stream) {
    return cuda_runtime_h.cudaStreamCreateWithFlags(stream, cuda_runtime_h.cudaStreamNonBlocking());
  }

  @Override
  public int synchronize(MemorySegment stream) {
    return cuda_runtime_h.cudaStreamSynchronize(stream);
  }

  @Override
  public int destroyStream(MemorySegment stream) {
    return cuda_runtime_h.cudaStreamDestroy(stream);
  }

  @Override
  public int beginCapture(MemorySegment stream) {
    return cuda_runtime_h.cudaStreamBeginCapture(
        stream, cuda_runtime_h.cudaStreamCaptureModeThreadLocal());
  }

  @Override
  public int endCapture(MemorySegment stream, MemorySegment graph) {
    return cuda_runtime_h.cudaStreamEndCapture(stream, graph);
  }

  @Override
  public int instantiateGraph(MemorySegment executable, MemorySegment graph) {
    return cuda_runtime_h.cudaGraphInstantiate(executable, graph, 0);
  }

  @Override
  public int destroyGraph(MemorySegment graph) {
    return cuda_runtime_h.cudaGraphDestroy(graph);
  }

  @Override
  public int uploadGraph(MemorySegment executable, MemorySegment stream) {
    return cuda_runtime_h.cudaGraphUpload(executable, stream);
  }

  @Override
  public int launchGraph(MemorySegment executable, MemorySegment stream) {
    return cuda_runtime_h.cudaGraphLaunch(executable, stream);
  }

  @Override
  public int destroyExecutable(MemorySegment executable) {
    return cuda_runtime_h.cudaGraphExecDestroy(executable);
  }

  @Override
  public int createEvent(MemorySegment event, int flags) {
    return cuda_runtime_h.cudaEventCreateWithFlags(event, flags);
  }

  @Override
  public int recordEvent(MemorySegment event, MemorySegment stream) {
    return cuda_runtime_h.cudaEventRecord(event, stream);
  }

  @Override
  public int awaitEvent(MemorySegment event) {
    return cuda_runtime_h.cudaEventSynchronize(event);
  }

  @Override
  public int elapsedMillis(MemorySegment millis, MemorySegment start, MemorySegment end) {
    return cuda_runtime_h.cudaEventElapsedTime(millis, start, end);
  }

  @Override
  public int destroyEvent(MemorySegment event) {
    return cuda_runtime_h.cudaEventDestroy(event);
  }

  @Override
  public int clearError() {
    return cuda_runtime_h.cudaGetLastError();
  }

  @Override
  public String errorName(int status) {
    return cuda_runtime_h.cudaGetErrorName(status).getString(0);
  }

  @Override
  public String errorText(int status) {
    return cuda_runtime_h.cudaGetErrorString(status).getString(0);
  }
}
