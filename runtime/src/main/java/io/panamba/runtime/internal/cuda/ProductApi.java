package io.panamba.runtime.internal.cuda;

import java.lang.foreign.MemorySegment;

/**
 * The calls that devices and plans make to cuBLASLt, each as its C function has it. Its statuses
 * are numbers of their own.
 */
interface ProductApi {
  int createHandle(MemorySegment handle);

  int destroyHandle(MemorySegment handle);

  int createDescriptor(MemorySegment descriptor, int computeType, int scaleType);

  int setDescriptor(MemorySegment descriptor, int attribute, MemorySegment value, long bytes);

  int destroyDescriptor(MemorySegment descriptor);

  int createLayout(MemorySegment layout, int type, long rows, long columns, long leading);

  int setLayout(MemorySegment layout, int attribute, MemorySegment value, long bytes);

  int destroyLayout(MemorySegment layout);

  int createPreference(MemorySegment preference);

  int setPreference(MemorySegment preference, int attribute, MemorySegment value, long bytes);

  int destroyPreference(MemorySegment preference);

  int findAlgorithms(
      MemorySegment handle,
      MemorySegment descriptor,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      MemorySegment preference,
      int most,
      MemorySegment results,
      MemorySegment count);

  int checkAlgorithm(
      MemorySegment handle,
      MemorySegment descriptor,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      MemorySegment algorithm,
      MemorySegment result);

  /** C = alpha op(A) op(B) + beta C, with the descriptor's epilogue. */
  int multiply(
      MemorySegment handle,
      MemorySegment descriptor,
      MemorySegment alpha,
      MemorySegment a,
      MemorySegment aLayout,
      MemorySegment b,
      MemorySegment bLayout,
      MemorySegment beta,
      MemorySegment c,
      MemorySegment cLayout,
      MemorySegment algorithm,
      MemorySegment workspace,
      long workspaceBytes,
      MemorySegment stream);

  String errorName(int status);

  String errorText(int status);
}
