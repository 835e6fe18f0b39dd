package io.panamba.runtime.internal.cuda;

import java.lang.foreign.MemorySegment;

/**
 * The calls that devices and plans make to the CUDA runtime, to cuBLASLt and to libpanamba_cuda,
 * each as its C function has it: a status comes back, and results through pointers. Statuses of the
 * three are numbers of their own. Tests put something behind it that needs no GPU.
 */
interface CudaApi {
  // ---- The CUDA runtime ----

  int deviceCount(MemorySegment count);

  int setDevice(int ordinal);

  int deviceAttribute(MemorySegment value, int attribute, int ordinal);

  int deviceProperties(MemorySegment properties, int ordinal);

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

  int launchGraph(MemorySegment executable, MemorySegment stream);

  int destroyExecutable(MemorySegment executable);

  int createEvent(MemorySegment event);

  int recordEvent(MemorySegment event, MemorySegment stream);

  int elapsedMillis(MemorySegment millis, MemorySegment start, MemorySegment end);

  int destroyEvent(MemorySegment event);

  /** The calling thread's last status, which is forgotten unless it is one that lasts. */
  int clearError();

  String errorName(int status);

  String errorText(int status);

  // ---- cuBLASLt ----

  int createProducts(MemorySegment handle);

  int destroyProducts(MemorySegment handle);

  int createProduct(MemorySegment descriptor, int computeType, int scaleType);

  int setProductAttribute(MemorySegment descriptor, int attribute, MemorySegment value, long bytes);

  int destroyProduct(MemorySegment descriptor);

  int createLayout(MemorySegment layout, int type, long rows, long columns, long leading);

  int destroyLayout(MemorySegment layout);

  int createPreference(MemorySegment preference);

  int setPreference(MemorySegment preference, int attribute, MemorySegment value, long bytes);

  int destroyPreference(MemorySegment preference);

  int findAlgorithm(
      MemorySegment handle,
      MemorySegment descriptor,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      MemorySegment preference,
      MemorySegment result,
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

  String productErrorName(int status);

  String productErrorText(int status);

  // ---- libpanamba_cuda ----

  int loadKernels();

  String kernelMessage();

  /** The CUDA runtime's status behind a kernel's failure. */
  int kernelError();

  long packedSize(long columns, long depth, int dtype);

  /** The source and its scales are in the struct already; being handed over, they stay open. */
  int pack(MemorySegment args, MemorySegment source, MemorySegment rowScale);

  int gatherPatches(MemorySegment args, MemorySegment patches, MemorySegment stream);

  int placeTokens(MemorySegment args, MemorySegment product, MemorySegment stream);

  int norm(MemorySegment args, MemorySegment stream);

  int causalConv(MemorySegment args, MemorySegment stream);

  int rotary(MemorySegment args, MemorySegment stream);

  int pool(MemorySegment args, MemorySegment stream);

  int attention(MemorySegment args, MemorySegment stream);

  int epilogue(MemorySegment args, MemorySegment stream);

  long scanWorkspace(MemorySegment args);

  long scanChunk(MemorySegment args);

  int selectiveScan(MemorySegment args, MemorySegment stream);
}
