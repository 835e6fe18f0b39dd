package io.panamba.cli;

import io.panamba.model.files.PathText;
import io.panamba.runtime.PanambaException;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Arguments as they were given. Java decodes them by the locale's charset, in which not every byte
 * has a meaning; Linux keeps their bytes.
 */
final class Arguments {
  private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");
  private static final Path WORKING_FOLDER = Path.of("/proc/self/cwd");
  private static final char UNDECODED = '\uFFFD';

  private Arguments() {}

  /**
   * Returns arguments as {@link PathText}, whatever the locale.
   *
   * @param args as Java decoded them
   * @throws PanambaException if an argument lost a byte that can't be found again
   */
  static String[] restore(String[] args) {
    if (Arrays.stream(args).allMatch(Arguments::isAscii)) {
      return args;
    }
    return restore(args, Charset.forName(System.getProperty("sun.jnu.encoding")), commandLine());
  }

  /**
   * Returns arguments as {@link PathText}.
   *
   * @param charset what Java decoded them by
   * @param words the process's command line, which ends with the arguments, or none
   */
  static String[] restore(String[] args, Charset charset, List<byte[]> words) {
    List<byte[]> given = words.subList(Math.max(0, words.size() - args.length), words.size());
    String[] restored = args.clone();
    for (int i = 0; i < args.length; i++) {
      if (given.size() == args.length && new String(given.get(i), charset).equals(args[i])) {
        restored[i] = PathText.decode(given.get(i));
      } else if (!charset.equals(StandardCharsets.UTF_8) && !isAscii(args[i])) {
        restored[i] = PathText.decode(encoded(args[i], charset));
      }
    }
    return restored;
  }

  private static byte[] encoded(String argument, Charset charset) {
    if (argument.indexOf(UNDECODED) >= 0) {
      throw new PanambaException(
          "the argument '%s' is no text in this locale's charset, %s: set LC_ALL=C.UTF-8"
              .formatted(argument, charset));
    }
    return argument.getBytes(charset);
  }

  private static boolean isAscii(String text) {
    return text.chars().allMatch(c -> c < 0x80);
  }

  /** The process's words, or none where the system doesn't tell. */
  private static List<byte[]> commandLine() {
    List<byte[]> words = new ArrayList<>();
    try {
      byte[] all = Files.readAllBytes(COMMAND_LINE);
      for (int start = 0, i = 0; i < all.length; i++) {
        if (all[i] == 0) {
          words.add(Arrays.copyOfRange(all, start, i));
          start = i + 1;
        }
      }
    } catch (IOException _) {
      return List.of();
    }
    return words;
  }

  /** Makes paths of restored arguments. */
  static final class PathConverter implements ITypeConverter<Path> {
    @Override
    public Path convert(String text) throws IOException {
      try {
        Path path = PathText.path(text);
        // Java looks for relative paths in a folder whose name it may not have understood.
        return path.isAbsolute() || Files.exists(Path.of("").toAbsolutePath())
            ? path
            : WORKING_FOLDER.toRealPath().resolve(path);
      } catch (InvalidPathException e) {
        throw new TypeConversionException("'%s' is no path: %s".formatted(text, e.getReason()));
      }
    }
  }
}
