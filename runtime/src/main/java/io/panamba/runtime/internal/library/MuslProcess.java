package io.panamba.runtime.internal.library;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Whether this process runs on musl. What is installed does not tell: a machine may have both C
 * libraries, and a virtual machine for either. musl is its own dynamic linker, one file, which is
 * mapped into every process that uses it.
 */
final class MuslProcess {
  private static final Path MAPPED_FILES = Path.of("/proc/self/maps");

  private MuslProcess() {}

  /** The file is asked for first: where musl is not installed, that is all it costs. */
  static boolean runsHere(String arch) {
    String processor = arch.equals("aarch_64") ? "aarch64" : arch;
    return maps(Path.of("/lib/ld-musl-" + processor + ".so.1"), MAPPED_FILES);
  }

  /**
   * @param linker musl's dynamic linker, a file or a link to it
   * @param mappedFiles lines that end in the path of a file, as proc(5) describes them
   */
  static boolean maps(Path linker, Path mappedFiles) {
    if (!Files.exists(linker)) {
      return false;
    }
    // Bytes of a path may be no text.
    try (BufferedReader lines = Files.newBufferedReader(mappedFiles, StandardCharsets.ISO_8859_1)) {
      String file = " " + linker.toRealPath();
      return lines.lines().anyMatch(line -> line.endsWith(file));
    } catch (IOException e) {
      return false;
    }
  }
}
