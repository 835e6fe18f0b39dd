package io.panamba.fuzz;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** An input in a file, for parsers that read one. The process has a single file for all inputs. */
public final class InputFile {
  /** Reads a hostile file. */
  @FunctionalInterface
  public interface FileParser {
    /**
     * Reads a file and closes it.
     *
     * @param file the input
     * @return as {@link Parser#read}
     * @throws Exception if the file is refused
     */
    Object read(Path file) throws Exception;
  }

  /** Looking for open files takes many times as long as reading a small one. */
  private static final int CHECKED_EVERY = Integer.getInteger("panamba.fuzz.leaks.every", 1);

  private static Path file;
  private static int readings;

  private InputFile() {}

  static Parser parser(FileParser parser) {
    return input -> {
      Path file = write(input);
      try {
        return parser.read(file);
      } finally {
        if (++readings % CHECKED_EVERY == 0) {
          requireClosed(file);
        }
      }
    };
  }

  private static synchronized Path write(byte[] input) throws IOException {
    if (file == null) {
      file = Files.createTempFile("panamba-fuzz", null);
      file.toFile().deleteOnExit();
    }
    return Files.write(file, input);
  }

  /** Fails if the process has the file open or mapped. */
  private static void requireClosed(Path file) throws IOException {
    try (DirectoryStream<Path> open = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path descriptor : open) {
        if (Files.isSymbolicLink(descriptor) && Files.readSymbolicLink(descriptor).equals(file)) {
          throw new AssertionError("the file is still open");
        }
      }
    }
    if (Files.readString(Path.of("/proc/self/maps")).contains(file.toString())) {
      throw new AssertionError("the file is still mapped");
    }
  }
}
