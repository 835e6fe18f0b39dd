package io.panamba.fuzz;

import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** An input in a file, for parsers that read one. The process has one file for all of a parser. */
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

  private static Path folder;
  private static int readings;

  private InputFile() {}

  static Parser parser(FileParser parser) {
    return parser("input", parser);
  }

  /** Of a file with a name that means something to the parser. */
  static Parser parser(String name, FileParser parser) {
    return input -> {
      Path file = write(name, input);
      try {
        return parser.read(file);
      } finally {
        if (++readings % CHECKED_EVERY == 0) {
          requireClosed();
        }
      }
    };
  }

  /** Writes into a folder of this process, which may hold what belongs to an input. */
  private static synchronized Path write(String name, byte[] input) throws IOException {
    if (folder == null) {
      folder = Files.createTempDirectory("panamba-fuzz").toRealPath();
      Runtime.getRuntime().addShutdownHook(new Thread(InputFile::delete));
    }
    return Files.write(folder.resolve(name), input);
  }

  private static void delete() {
    for (File file : folder.toFile().listFiles()) {
      file.delete();
    }
    folder.toFile().delete();
  }

  /** Fails if the process has a file of the folder open or mapped. */
  private static void requireClosed() throws IOException {
    try (DirectoryStream<Path> open = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path descriptor : open) {
        if (Files.isSymbolicLink(descriptor)
            && Files.readSymbolicLink(descriptor).startsWith(folder)) {
          throw new AssertionError("a file is still open");
        }
      }
    }
    if (Files.readString(Path.of("/proc/self/maps")).contains(folder.toString())) {
      throw new AssertionError("a file is still mapped");
    }
  }
}
