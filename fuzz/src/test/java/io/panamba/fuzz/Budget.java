package io.panamba.fuzz;

/**
 * What reading an input may take: a fixed part and one for each byte. Processor time is the
 * thread's own, so that a busy machine does not spend it; heap is all that the thread allocated,
 * garbage too.
 *
 * @param cpuMillis processor time for an empty input
 * @param cpuMicrosPerByte and for each byte
 * @param heapBytes allocated for an empty input
 * @param heapPerByte and for each byte
 */
record Budget(long cpuMillis, long cpuMicrosPerByte, long heapBytes, long heapPerByte) {
  /** How far the process may grow beside its heap, in one reading. */
  static final long OFF_HEAP_BYTES = 96L << 20;

  long cpuNanos(int length) {
    return (cpuMillis * 1000 + cpuMicrosPerByte * length) * 1000;
  }

  long heap(int length) {
    return heapBytes + heapPerByte * length;
  }
}
