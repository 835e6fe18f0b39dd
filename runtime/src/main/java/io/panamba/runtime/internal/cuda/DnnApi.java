package io.panamba.runtime.internal.cuda;

import java.lang.foreign.MemorySegment;

/**
 * The calls that devices and plans make to cuDNN's graph interface, each as its C function has it.
 * Its statuses are numbers of their own.
 */
interface DnnApi {
  int createHandle(MemorySegment handle);

  int destroyHandle(MemorySegment handle);

  int setStream(MemorySegment handle, MemorySegment stream);

  int createBackendDescriptor(MemorySegment descriptor, int kind);

  int setAttribute(
      MemorySegment descriptor, int attribute, int type, long count, MemorySegment values);

  /** Of descriptors, {@code values} holds some of the right kind, which are filled. */
  int getAttribute(
      MemorySegment descriptor,
      int attribute,
      int type,
      long most,
      MemorySegment count,
      MemorySegment values);

  int finish(MemorySegment descriptor);

  int destroyBackendDescriptor(MemorySegment descriptor);

  int execute(MemorySegment handle, MemorySegment plan, MemorySegment variantPack);

  String errorName(int status);

  /** What cuDNN says of the last failure. */
  String errorText();
}
