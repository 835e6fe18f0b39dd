import com.google.googlejavaformat.java.Main;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Runs google-java-format over the project's sources: {@code Format check|write ROOT}. Generated
 * bindings are left as their generator wrote them.
 */
final class Format {
  private Format() {}

  static void main(String[] args) throws IOException {
    Path root = Path.of(args[1]);
    List<String> arguments =
        new ArrayList<>(
            args[0].equals("write")
                ? List.of("--replace")
                : List.of("--dry-run", "--set-exit-if-changed"));
    try (Stream<Path> files = Files.walk(root)) {
      files
          .filter(file -> file.toString().endsWith(".java"))
          .filter(file -> isSource(root.relativize(file)))
          .map(Path::toString)
          .sorted()
          .forEach(arguments::add);
    }
    Main.main(arguments.toArray(String[]::new));
  }

  private static boolean isSource(Path file) {
    return Stream.of("src", "tools").anyMatch(folder -> contains(file, folder))
        && !contains(file, "target")
        && !file.startsWith("bindings/src/main/java/io");
  }

  private static boolean contains(Path file, String folder) {
    for (Path name : file) {
      if (name.toString().equals(folder)) {
        return true;
      }
    }
    return false;
  }
}
