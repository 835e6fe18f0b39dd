package io.panamba.runtime.internal.cuda;

import java.lang.foreign.MemorySegment;

/** The calls that devices and plans make to libpanamba_cuda. Its statuses are Panamba's. */
interface KernelApi {
  int load();

  int deviceName(int ordinal, MemorySegment name, long bytes);

  /** What went wrong last on the calling thread. */
  String message();

  /** The CUDA runtime's status behind a kernel's failure. */
  int lastError();

  /** Elements of a row of a packed matrix, with the zeros that fill it up. */
  long packedDepth(long depth, int dtype);

  long packedSize(long columns, long depth, int dtype);

  /** The source and its scales are in the struct already; being handed over, they stay open. */
  int pack(MemorySegment args, MemorySegment source, MemorySegment rowScale);

  /** Bytes of workspace that a step needs, or -1 if it is refused. */
  long workspace(MemorySegment step);

  int run(MemorySegment step, MemorySegment workspace, MemorySegment stream);

  /** Rows of the chunks with which a scan is likely fastest, perhaps 0; -1 if it is refused. */
  long scanChunk(MemorySegment args);
}
