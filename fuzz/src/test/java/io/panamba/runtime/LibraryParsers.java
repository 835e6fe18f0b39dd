package io.panamba.runtime;

import io.panamba.runtime.internal.library.ElfFile;
import io.panamba.runtime.internal.library.Refusal;
import java.nio.file.Path;

/** What the loader reads of a native library, for fuzzing. */
public final class LibraryParsers {
  private LibraryParsers() {}

  /**
   * Checks whether a file is a whole library.
   *
   * @param file the input
   * @return that it is
   * @throws Exception if it is refused
   */
  public static Object elf(Path file) throws Exception {
    ElfFile.check(file);
    return true;
  }

  /**
   * Returns the exception of a refused library.
   *
   * @return its class
   */
  public static Class<? extends Exception> refusal() {
    return Refusal.class;
  }
}
