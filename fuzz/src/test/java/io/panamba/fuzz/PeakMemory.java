package io.panamba.fuzz;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * The most memory that the process ever held (getrusage(2)). With a heap that is resident from the
 * start it grows by what is off the heap alone.
 */
final class PeakMemory {
  private static final int SELF = 0;
  private static final int STRUCT_BYTES = 144;

  /** Two times of two longs lie before it. */
  private static final int PEAK_AT = 32;

  private static final MethodHandle GETRUSAGE =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().findOrThrow("getrusage"),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS));

  private static final MemorySegment USAGE = Arena.global().allocate(STRUCT_BYTES, Long.BYTES);

  private PeakMemory() {}

  static long bytes() {
    try {
      if ((int) GETRUSAGE.invokeExact(SELF, USAGE) != 0) {
        throw new IllegalStateException("getrusage failed");
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
    return USAGE.get(ValueLayout.JAVA_LONG, PEAK_AT) << 10;
  }
}
