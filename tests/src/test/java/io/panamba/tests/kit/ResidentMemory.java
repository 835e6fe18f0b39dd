package io.panamba.tests.kit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the process has of the machine's memory. */
public final class ResidentMemory {
  private ResidentMemory() {}

  /** Returns the resident set's size in bytes. */
  public static long bytes() throws IOException {
    String line =
        Files.readAllLines(Path.of("/proc/self/status")).stream()
            .filter(text -> text.startsWith("VmRSS:"))
            .findFirst()
            .orElseThrow();
    return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
  }
}
