package io.panamba.jmh;

import io.panamba.runtime.operation.SelectiveScan;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** The scans of native/bench/baseline_scans.c over the tensors of a {@link ScanCase}. */
final class BaselineScans {
  private static final long ARGS_BYTES = 112;

  private final MethodHandle handle;
  private final MemorySegment forward;
  private final MemorySegment backward;

  /**
   * Loads the library.
   *
   * @param name scalar or ggml
   */
  BaselineScans(String name, ScanCase scan, int length, Arena arena) throws IOException {
    Path file = Files.createTempFile("panamba-baselines", ".so");
    try (InputStream stream = BaselineScans.class.getResourceAsStream("libpanamba_baselines.so")) {
      Files.copy(stream, file, StandardCopyOption.REPLACE_EXISTING);
    }
    SymbolLookup library = SymbolLookup.libraryLookup(file, arena);
    Files.delete(file);
    handle =
        Linker.nativeLinker()
            .downcallHandle(
                library.findOrThrow("panamba_baseline_" + name),
                FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));
    forward = args(scan.forward, scan, length, 0, arena);
    backward = args(scan.backward, scan, length, 1, arena);
  }

  private static MemorySegment args(
      SelectiveScan.Direction d, ScanCase scan, int length, int backward, Arena arena) {
    MemorySegment args = arena.allocate(ARGS_BYTES, Long.BYTES);
    MemorySegment[] pointers = {
      d.u().segment(),
      d.projected().segment(),
      d.dtWeight().segment(),
      d.dtBias().segment(),
      d.a().segment(),
      d.d().segment(),
      scan.gate.segment(),
      scan.out.segment()
    };
    for (int i = 0; i < pointers.length; i++) {
      args.setAtIndex(ValueLayout.ADDRESS, i, pointers[i]);
    }
    long[] sizes = {length, ScanCase.INNER, ScanCase.STATES, ScanCase.RANK, ScanCase.INNER};
    for (int i = 0; i < sizes.length; i++) {
      args.setAtIndex(ValueLayout.JAVA_LONG, pointers.length + i, sizes[i]);
    }
    args.set(ValueLayout.JAVA_FLOAT, 104, ScanCase.SCALE);
    args.set(ValueLayout.JAVA_INT, 108, backward);
    return args;
  }

  void run() {
    try {
      handle.invokeExact(forward);
      handle.invokeExact(backward);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
