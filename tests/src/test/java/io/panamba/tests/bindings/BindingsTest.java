package io.panamba.tests.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.panamba.bindings.panamba_h;
import io.panamba.bindings.panamba_training_h;
import io.panamba.runtime.LibraryInfo;
import java.io.File;
import java.io.IOException;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.PaddingLayout;
import java.lang.foreign.SequenceLayout;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Headers, generated bindings and library say the same. The bindings of CUDA, in a package of their
 * own, have {@link CudaBindingsTest}.
 */
class BindingsTest {
  private static final Path INCLUDE = Path.of("..", "native", "include");

  /** Of each header, the class that its constants and functions are bound in. */
  private static final Map<String, Class<?>> HEADERS =
      Map.of("panamba.h", panamba_h.class, "panamba_training.h", panamba_training_h.class);

  private static final Path BINDINGS = Path.of("..", "bindings");

  @TempDir Path folder;

  /** The bindings look for symbols in what the runtime has loaded. */
  @BeforeAll
  static void load() {
    LibraryInfo.current();
  }

  private static Set<String> matches(String text, String pattern) {
    return Pattern.compile(pattern)
        .matcher(text)
        .results()
        .map(match -> match.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** What stands in all headers. */
  private static String headers() throws IOException {
    StringBuilder text = new StringBuilder();
    for (String header : HEADERS.keySet()) {
      text.append(Files.readString(INCLUDE.resolve(header)));
    }
    return text.toString();
  }

  private static Set<String> declaredStructs() throws IOException {
    return matches(headers(), "(?m)^\\} (panamba_\\w+);");
  }

  /** The name of a struct is its class's: to jextract, a struct behind a typedef has none. */
  private static GroupLayout layout(String struct) throws ReflectiveOperationException {
    Class<?> type = Class.forName(panamba_h.class.getPackageName() + "." + struct);
    return (GroupLayout) type.getMethod("layout").invoke(null);
  }

  private static Stream<Method> bound() {
    return HEADERS.values().stream()
        .flatMap(type -> Stream.of(type.getDeclaredMethods()))
        .filter(method -> Modifier.isPublic(method.getModifiers()));
  }

  @Test
  void theCompilerAgreesOnStructsConstantsAndFunctions() throws Exception {
    StringBuilder source =
        new StringBuilder("#include <stddef.h>\n#include \"panamba_training.h\"\n");
    for (String name : declaredStructs()) {
      GroupLayout struct = layout(name);
      check(source, "sizeof(%s) == %d".formatted(name, struct.byteSize()));
      check(source, "_Alignof(%s) == %d".formatted(name, struct.byteAlignment()));
      for (MemoryLayout member : struct.memberLayouts()) {
        // Gaps would be members that the bindings lack, or that C may leave undefined.
        assertThat(member).as(name).isNotInstanceOf(PaddingLayout.class);
        member(source, struct, name, member);
      }
    }
    for (Method method : bound().toList()) {
      if (method.getName().startsWith("PANAMBA_")) {
        check(source, "%s == %s".formatted(method.getName(), method.invoke(null)));
      }
    }
    source.append("void check_calls(void);\nvoid check_calls(void) {\n");
    for (Method method : bound().filter(m -> m.getName().endsWith("$descriptor")).toList()) {
      call(
          source,
          method.getName().replace("$descriptor", ""),
          (FunctionDescriptor) method.invoke(null));
    }
    source.append("}\n");
    Path file = Files.writeString(folder.resolve("bindings.c"), source);
    run(
        "cc",
        "-std=c11",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-fsyntax-only",
        "-I" + INCLUDE,
        file.toString());
  }

  private static void check(StringBuilder source, String condition) {
    source.append("_Static_assert(%s, \"%s\");%n".formatted(condition, condition));
  }

  private static void member(
      StringBuilder source, GroupLayout struct, String name, MemoryLayout member) {
    String field = member.name().orElseThrow();
    check(
        source,
        "offsetof(%s, %s) == %d"
            .formatted(name, field, struct.byteOffset(PathElement.groupElement(field))));
    String value = "((%s *)0)->%s".formatted(name, field);
    check(source, "sizeof(%s) == %d".formatted(value, member.byteSize()));
    check(source, kind(value, member));
  }

  /** What C has to call a member: its number type, or, of what is none, a pointer. */
  private static String kind(String value, MemoryLayout member) {
    return switch (member) {
      // Of a struct the negation would not compile.
      case AddressLayout _ ->
          "sizeof(!%s) && _Generic(%s, int32_t: 0, int64_t: 0, float: 0, double: 0, default: 1)"
              .formatted(value, value);
      case ValueLayout layout -> "_Generic(%s, %s: 1, default: 0)".formatted(value, type(layout));
      case SequenceLayout array -> kind(value + "[0]", array.elementLayout());
      case GroupLayout struct -> "sizeof(%s) == %d".formatted(value, struct.byteSize());
      case PaddingLayout padding -> throw new AssertionError(padding);
    };
  }

  private static String type(MemoryLayout layout) {
    return switch (layout) {
      case AddressLayout _ -> "pointer";
      case ValueLayout.OfInt _ -> "int32_t";
      case ValueLayout.OfLong _ -> "int64_t";
      case ValueLayout.OfFloat _ -> "float";
      case ValueLayout.OfDouble _ -> "double";
      default -> throw new AssertionError(layout);
    };
  }

  private static void call(StringBuilder source, String function, FunctionDescriptor descriptor) {
    String arguments =
        descriptor.argumentLayouts().stream()
            .map(layout -> layout instanceof AddressLayout ? "(void *)0" : "0")
            .collect(Collectors.joining(", "));
    source.append("  (void)%s(%s);%n".formatted(function, arguments));
  }

  @Test
  void argumentsAndResultsHaveTheTypesOfTheHeader() throws Exception {
    Map<String, String> declared =
        Pattern.compile("(?m)^PANAMBA_API ([^;(]*?)(panamba_\\w+)\\(([^)]*)\\);")
            .matcher(headers())
            .results()
            .collect(
                Collectors.toMap(
                    match -> match.group(2),
                    match -> "%s(%s)".formatted(kind(match.group(1)), kinds(match.group(3)))));
    Map<String, String> bound = new HashMap<>();
    for (Method method : bound().filter(m -> m.getName().endsWith("$descriptor")).toList()) {
      FunctionDescriptor descriptor = (FunctionDescriptor) method.invoke(null);
      bound.put(
          method.getName().replace("$descriptor", ""),
          "%s(%s)"
              .formatted(
                  descriptor.returnLayout().map(BindingsTest::type).orElse("void"),
                  descriptor.argumentLayouts().stream()
                      .map(BindingsTest::type)
                      .collect(Collectors.joining(", "))));
    }
    assertThat(bound).isEqualTo(declared);
  }

  private static String kinds(String parameters) {
    return parameters.equals("void")
        ? ""
        : Stream.of(parameters.split(",", -1))
            .map(BindingsTest::kind)
            .collect(Collectors.joining(", "));
  }

  /** The first word of a declaration, unless it is of a pointer. */
  private static String kind(String declaration) {
    return declaration.contains("*") ? "pointer" : declaration.strip().replaceFirst("\\W.*", "");
  }

  @Test
  void headerAndBindingsHaveTheSameStructsAndConstants() throws Exception {
    Set<String> structs =
        sources(BINDINGS.resolve("src/main/java/io/panamba/bindings")).stream()
            .map(name -> name.replace(".java", ""))
            .filter(name -> !name.startsWith("panamba_h") && !name.startsWith("panamba_training_h"))
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(structs).isEqualTo(declaredStructs());
    Set<String> constants =
        bound()
            .map(Method::getName)
            .filter(name -> name.startsWith("PANAMBA_"))
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(constants)
        .isEqualTo(matches(headers(), "\\b(PANAMBA_[A-Z0-9_]+)(?: =| )\\s*\\(?-?\\d+\\b"));
  }

  @Test
  void headerBindingsAndLibraryHaveTheSameFunctions() throws Exception {
    Set<String> declared = matches(headers(), "(?m)^PANAMBA_API [^;(]*?(panamba_\\w+)\\(");
    Set<String> bound =
        bound()
            .map(Method::getName)
            .filter(name -> name.endsWith("$descriptor"))
            .map(name -> name.replace("$descriptor", ""))
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> exported =
        matches(
            run("nm", "-D", "--defined-only", LibraryInfo.current().path().toString()),
            " T (panamba_\\w+)");
    assertThat(declared).hasSizeGreaterThan(10);
    assertThat(bound).isEqualTo(declared);
    assertThat(exported).isEqualTo(declared);
  }

  @Test
  void headerBindingsAndLibraryHaveTheSameVersion() throws IOException {
    Set<String> declared = matches(headers(), "#define PANAMBA_ABI_VERSION (\\d+)");
    assertThat(declared).containsExactly(String.valueOf(panamba_h.PANAMBA_ABI_VERSION()));
    assertThat(LibraryInfo.current().abiVersion()).isEqualTo(panamba_h.PANAMBA_ABI_VERSION());
    assertThat(panamba_h.panamba_abi_version()).isEqualTo(panamba_h.PANAMBA_ABI_VERSION());
  }

  @Test
  void noBindingDependsOnTheSizeOfLong() throws IOException {
    try (Stream<Path> files = Files.walk(BINDINGS.resolve("src/main/java"))) {
      List<Path> sources = files.filter(file -> file.toString().endsWith(".java")).toList();
      assertThat(sources).hasSizeGreaterThan(50);
      assertThat(sources)
          .allSatisfy(source -> assertThat(source).content().doesNotContainPattern("C_LONG\\b"));
    }
  }

  @Test
  void regeneratingChangesNothing() throws Exception {
    boolean found =
        Stream.of(System.getenv("PATH").split(File.pathSeparator))
            .anyMatch(entry -> Files.isExecutable(Path.of(entry, "jextract")));
    assumeTrue(found, "there is no jextract on the PATH");
    Path bindings = Files.createDirectories(folder.resolve("bindings"));
    Path include = Files.createDirectories(folder.resolve("native/include"));
    for (String header : HEADERS.keySet()) {
      Files.copy(INCLUDE.resolve(header), include.resolve(header));
    }
    for (String arguments : List.of("panamba.args", "panamba_training.args")) {
      Files.copy(BINDINGS.resolve(arguments), bindings.resolve(arguments));
      run(bindings, "jextract", "@" + arguments);
    }
    run(bindings, "sh", BINDINGS.resolve("adapt").toAbsolutePath().toString(), "src/main/java");
    Path committed = BINDINGS.resolve("src/main/java/io");
    Path made = bindings.resolve("src/main/java/io");
    assertThat(sources(made)).isEqualTo(sources(committed));
    for (String source : sources(committed)) {
      assertThat(made.resolve(source)).hasSameTextualContentAs(committed.resolve(source));
    }
  }

  private static Set<String> sources(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> !file.getParent().endsWith("cuda"))
          .map(file -> root.relativize(file).toString())
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  private static String run(String... command) throws Exception {
    return run(Path.of("").toAbsolutePath(), command);
  }

  private static String run(Path directory, String... command) throws Exception {
    Process process =
        new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }
}
