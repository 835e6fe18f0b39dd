package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.cudnn_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** cuDNN, called through its bindings. */
final class DnnBindings implements DnnApi {
  private static final long TEXT_BYTES = 1024;

  @Override
  public int createHandle(MemorySegment handle) {
    return cudnn_h.cudnnCreate(handle);
  }

  @Override
  public int destroyHandle(MemorySegment handle) {
    return cudnn_h.cudnnDestroy(handle);
  }

  @Override
  public int setStream(MemorySegment handle, MemorySegment stream) {
    return cudnn_h.cudnnSetStream(handle, stream);
  }

  @Override
  public int createBackendDescriptor(MemorySegment descriptor, int kind) {
    return cudnn_h.cudnnBackendCreateDescriptor(kind, descriptor);
  }

  @Override
  public int setAttribute(
      MemorySegment descriptor, int attribute, int type, long count, MemorySegment values) {
    return cudnn_h.cudnnBackendSetAttribute(descriptor, attribute, type, count, values);
  }

  @Override
  public int getAttribute(
      MemorySegment descriptor,
      int attribute,
      int type,
      long most,
      MemorySegment count,
      MemorySegment values) {
    return cudnn_h.cudnnBackendGetAttribute(descriptor, attribute, type, most, count, values);
  }

  @Override
  public int finish(MemorySegment descriptor) {
    return cudnn_h.cudnnBackendFinalize(descriptor);
  }

  @Override
  public int destroyBackendDescriptor(MemorySegment descriptor) {
    return cudnn_h.cudnnBackendDestroyDescriptor(descriptor);
  }

  @Override
  public int execute(MemorySegment handle, MemorySegment plan, MemorySegment variantPack) {
    return cudnn_h.cudnnBackendExecute(handle, plan, variantPack);
  }

  @Override
  public String errorName(int status) {
    return cudnn_h.cudnnGetErrorString(status).getString(0);
  }

  @Override
  public String errorText() {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment text = local.allocate(TEXT_BYTES);
      cudnn_h.cudnnGetLastErrorString(text, TEXT_BYTES);
      return text.getString(0).strip();
    }
  }
}
