package io.panamba.runtime.internal.cuda;

import java.lang.foreign.MemorySegment;

/**
 * Memory that the operations of a plan use one after the other: patches gathered from an image,
 * products that are worked on, and what kernels and cuBLASLt ask for. It is sized while steps are
 * prepared, and allocated once.
 */
final class CudaScratch {
  private long patchBytes;
  private long productBytes;
  private long workBytes;
  private MemorySegment patches = MemorySegment.NULL;
  private MemorySegment product = MemorySegment.NULL;
  private MemorySegment work = MemorySegment.NULL;

  void needPatches(long bytes) {
    patchBytes = Math.max(patchBytes, aligned(bytes));
  }

  void needProduct(long bytes) {
    productBytes = Math.max(productBytes, aligned(bytes));
  }

  void needWork(long bytes) {
    workBytes = Math.max(workBytes, aligned(bytes));
  }

  static long aligned(long bytes) {
    return Math.ceilDiv(bytes, CudaMemory.ALIGNMENT) * CudaMemory.ALIGNMENT;
  }

  /** Allocates what is needed. */
  void allocate(CudaMemory memory, Cleanups cleanups) {
    long bytes = patchBytes + productBytes + workBytes;
    if (bytes > 0) {
      MemorySegment all = memory.allocate(bytes);
      cleanups.add(() -> memory.free(all.address()));
      patches = all.asSlice(0, patchBytes);
      product = all.asSlice(patchBytes, productBytes);
      work = all.asSlice(patchBytes + productBytes, workBytes);
    }
  }

  MemorySegment patches() {
    return patches;
  }

  MemorySegment product() {
    return product;
  }

  MemorySegment work() {
    return work;
  }
}
