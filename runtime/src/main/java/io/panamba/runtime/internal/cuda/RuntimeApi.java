package io.panamba.runtime.internal.cuda;

import java.lang.foreign.MemorySegment;

/**
 * The calls that devices and plans make to the CUDA runtime, each as its C function has it: a
 * status comes back, and results through pointers.
 */
interface RuntimeApi {
  int deviceCount(MemorySegment count);

  int setDevice(int ordinal);

  int deviceAttribute(MemorySegment value, int attribute, int ordinal);

  int memoryInfo(MemorySegment free, MemorySegment total);

  int createPool(MemorySegment pool, MemorySegment properties);

  int setPoolAttribute(MemorySegment pool, int attribute, MemorySegment value);

  int destroyPool(MemorySegment pool);

  int allocate(MemorySegment pointer, long bytes, MemorySegment pool, MemorySegment stream);

  int free(MemorySegment pointer, MemorySegment stream);

  int allocateHost(MemorySegment pointer, long bytes);

  int freeHost(MemorySegment pointer);

  int copy(MemorySegment to, MemorySegment from, long bytes, int kind, MemorySegment stream);

  int fill(MemorySegment pointer, int value, long bytes, MemorySegment stream);

  int createStream(MemorySegment stream);

  int synchronize(MemorySegment stream);

  int destroyStream(MemorySegment stream);

  int beginCapture(MemorySegment stream);

  int endCapture(MemorySegment stream, MemorySegment graph);

  int instantiateGraph(MemorySegment executable, MemorySegment graph);

  int destroyGraph(MemorySegment graph);

  int uploadGraph(MemorySegment executable, MemorySegment stream);

  int launchGraph(MemorySegment executable, MemorySegment stream);

  int destroyExecutable(MemorySegment executable);

  int createEvent(MemorySegment event, int flags);

  int recordEvent(MemorySegment event, MemorySegment stream);

  int awaitEvent(MemorySegment event);

  int elapsedMillis(MemorySegment millis, MemorySegment start, MemorySegment end);

  int destroyEvent(MemorySegment event);

  /** The calling thread's last status, which is forgotten unless it is one that lasts. */
  int clearError();

  String errorName(int status);

  String errorText(int status);
}
