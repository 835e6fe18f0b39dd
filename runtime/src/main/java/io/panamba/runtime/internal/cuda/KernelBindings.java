package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.panamba_cuda_h;
import java.lang.foreign.MemorySegment;

/** libpanamba_cuda, called through its bindings. */
final class KernelBindings implements KernelApi {
  @Override
  public int load() {
    return panamba_cuda_h.panamba_cuda_load();
  }

  @Override
  public int deviceName(int ordinal, MemorySegment name, long bytes) {
    return panamba_cuda_h.panamba_cuda_device_name(ordinal, name, bytes);
  }

  @Override
  public String message() {
    return panamba_cuda_h.panamba_cuda_message().getString(0);
  }

  @Override
  public int lastError() {
    return panamba_cuda_h.panamba_cuda_last_error();
  }

  @Override
  public long packedDepth(long depth, int dtype) {
    return panamba_cuda_h.panamba_cuda_packed_depth(depth, dtype);
  }

  @Override
  public long packedSize(long columns, long depth, int dtype) {
    return panamba_cuda_h.panamba_cuda_packed_size(columns, depth, dtype);
  }

  @Override
  public int pack(MemorySegment args, MemorySegment source, MemorySegment rowScale) {
    return panamba_cuda_h.panamba_cuda_pack(args, source, rowScale);
  }

  @Override
  public long workspace(MemorySegment step) {
    return panamba_cuda_h.panamba_cuda_workspace(step);
  }

  @Override
  public int run(MemorySegment step, MemorySegment workspace, MemorySegment stream) {
    return panamba_cuda_h.panamba_cuda_run(step, workspace, stream);
  }

  @Override
  public long scanChunk(MemorySegment args) {
    return panamba_cuda_h.panamba_cuda_scan_chunk(args);
  }
}
