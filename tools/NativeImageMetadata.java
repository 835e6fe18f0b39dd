import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Writes what GraalVM's native-image has to know, from the bindings and the resources: {@code
 * NativeImageMetadata check|write ROOT}. An image has code only for the types of functions that are
 * registered, and only the resources that are.
 */
final class NativeImageMetadata {
  /** jextract's names of layouts, and GraalVM's words of fixed size for them. */
  private static final Map<String, String> WORDS =
      Map.of(
          "C_BOOL", "jboolean",
          "C_CHAR", "jbyte",
          "C_SHORT", "jshort",
          "C_INT", "jint",
          "C_LONG_LONG", "jlong",
          "C_FLOAT", "jfloat",
          "C_DOUBLE", "jdouble",
          "C_POINTER", "void*");

  private static final Pattern DESCRIPTOR =
      Pattern.compile("FunctionDescriptor (\\w+) = FunctionDescriptor\\.(of|ofVoid)\\(([^;]*)\\);");
  private static final Pattern LAYOUT = Pattern.compile("\\w+\\.(C_[A-Z_]+)");
  private static final String METADATA =
      "src/main/resources/META-INF/native-image/io.panamba/panamba-%s/reachability-metadata.json";

  private NativeImageMetadata() {}

  static void main(String[] args) throws IOException {
    Path root = Path.of(args[1]);
    Map<String, String> files = new TreeMap<>();
    files.put("bindings", foreign(root.resolve("bindings/src/main/java")));
    files.put("native", resources(List.of("META-INF/native/*/*")));
    for (String module : List.of("model", "cli")) {
      files.put(module, resources(resourcesOf(root.resolve(module).resolve("src/main/resources"))));
    }
    boolean same = true;
    for (Map.Entry<String, String> file : files.entrySet()) {
      Path path = root.resolve(file.getKey()).resolve(METADATA.formatted(file.getKey()));
      if (args[0].equals("write")) {
        Files.createDirectories(path.getParent());
        Files.writeString(path, file.getValue());
      } else if (!Files.exists(path) || !Files.readString(path).equals(file.getValue())) {
        System.err.println(path + " is not what the sources say: mvn -N -Pmetadata validate");
        same = false;
      }
    }
    if (!same) {
      System.exit(1);
    }
  }

  /** The types of all functions that are called, each once. */
  private static String foreign(Path sources) throws IOException {
    Set<String> downcalls = new TreeSet<>();
    try (Stream<Path> files = Files.walk(sources)) {
      for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
        String source = Files.readString(file);
        Matcher matcher = DESCRIPTOR.matcher(source);
        int found = 0;
        while (matcher.find()) {
          downcalls.add(downcall(file, matcher.group(2), matcher.group(3)));
          found++;
        }
        // Options are a part of a call's type, and pointers to functions would be upcalls.
        if (found != count(source, "downcallHandle(ADDR, DESC);")
            || found != count(source, "downcallHandle(")
            || source.contains("upcallStub(")
            || source.contains("upcallHandle(") && !file.toString().endsWith("$shared.java")) {
          throw new IllegalStateException(file + " has calls of a kind that isn't known here");
        }
      }
    }
    return """
    {
      "foreign": {
        "downcalls": [
    %s
        ]
      }
    }
    """
        .formatted(String.join(",\n", downcalls));
  }

  private static String downcall(Path file, String kind, String layouts) {
    List<String> words = new ArrayList<>();
    if (kind.equals("ofVoid")) {
      words.add("void");
    }
    for (String layout : layouts.isBlank() ? new String[0] : layouts.split(",", -1)) {
      Matcher matcher = LAYOUT.matcher(layout.strip());
      if (!matcher.matches() || !WORDS.containsKey(matcher.group(1))) {
        throw new IllegalStateException("%s: no word for %s".formatted(file, layout.strip()));
      }
      words.add(WORDS.get(matcher.group(1)));
    }
    return "      { \"returnType\": \"%s\", \"parameterTypes\": [%s] }"
        .formatted(
            words.getFirst(),
            words.stream()
                .skip(1)
                .map(word -> "\"" + word + "\"")
                .collect(Collectors.joining(", ")));
  }

  private static int count(String text, String part) {
    return text.split(Pattern.quote(part), -1).length - 1;
  }

  private static List<String> resourcesOf(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> folder.relativize(file).toString().replace('\\', '/'))
          .filter(name -> !name.startsWith("META-INF/"))
          .sorted()
          .toList();
    }
  }

  private static String resources(List<String> globs) {
    return """
    {
      "resources": [
    %s
      ]
    }
    """
        .formatted(
            globs.stream()
                .map(glob -> "    { \"glob\": \"%s\" }".formatted(glob))
                .collect(Collectors.joining(",\n")));
  }
}
