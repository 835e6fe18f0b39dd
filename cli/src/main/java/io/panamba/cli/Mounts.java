package io.panamba.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Linux's table of mounts. */
final class Mounts {
  private static final Path TABLE = Path.of("/proc/self/mountinfo");

  /** Of a line: the number, that of the parent, the device, the root, and where it is mounted. */
  private static final int PLACE = 4;

  private Mounts() {}

  /** Tells whether a file is mounted by itself, as containers do with single files. */
  static boolean contain(Path file) throws IOException {
    if (!Files.exists(file) || !Files.isReadable(TABLE)) {
      return false;
    }
    String path = escaped(file.toRealPath().toString());
    try (Stream<String> lines = Files.lines(TABLE, StandardCharsets.UTF_8)) {
      return lines.anyMatch(line -> line.split(" ", PLACE + 2)[PLACE].equals(path));
    }
  }

  /** As the table writes names. */
  private static String escaped(String path) {
    return path.replace("\\", "\\134")
        .replace(" ", "\\040")
        .replace("\t", "\\011")
        .replace("\n", "\\012");
  }
}
