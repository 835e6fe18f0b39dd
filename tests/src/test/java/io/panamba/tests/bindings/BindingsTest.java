package io.panamba.tests.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.panamba.bindings.panamba_causal_conv_args;
import io.panamba.bindings.panamba_conv_direction;
import io.panamba.bindings.panamba_h;
import io.panamba.bindings.panamba_linear_args;
import io.panamba.bindings.panamba_norm_args;
import io.panamba.bindings.panamba_pack_args;
import io.panamba.bindings.panamba_patch_embedding_args;
import io.panamba.bindings.panamba_pool_args;
import io.panamba.bindings.panamba_rotary_args;
import io.panamba.bindings.panamba_scan_direction;
import io.panamba.bindings.panamba_selective_scan_args;
import io.panamba.bindings.panamba_step;
import io.panamba.runtime.LibraryInfo;
import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.PaddingLayout;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Header, generated bindings and library say the same. */
class BindingsTest {
  private static final Path HEADER = Path.of("..", "native", "include", "panamba.h");
  private static final Path BINDINGS = Path.of("..", "bindings");
  private static final Map<String, MemoryLayout> STRUCTS =
      Map.ofEntries(
          Map.entry("panamba_causal_conv_args", panamba_causal_conv_args.layout()),
          Map.entry("panamba_conv_direction", panamba_conv_direction.layout()),
          Map.entry("panamba_linear_args", panamba_linear_args.layout()),
          Map.entry("panamba_norm_args", panamba_norm_args.layout()),
          Map.entry("panamba_pack_args", panamba_pack_args.layout()),
          Map.entry("panamba_patch_embedding_args", panamba_patch_embedding_args.layout()),
          Map.entry("panamba_pool_args", panamba_pool_args.layout()),
          Map.entry("panamba_rotary_args", panamba_rotary_args.layout()),
          Map.entry("panamba_scan_direction", panamba_scan_direction.layout()),
          Map.entry("panamba_selective_scan_args", panamba_selective_scan_args.layout()),
          Map.entry("panamba_step", panamba_step.layout()));

  @TempDir Path folder;

  /** A function of the bindings looks its symbol up when it is first named. */
  @BeforeAll
  static void load() {
    assertThat(LibraryInfo.current().path()).isRegularFile();
  }

  private static Set<String> matches(String text, String pattern) {
    return Pattern.compile(pattern)
        .matcher(text)
        .results()
        .map(match -> match.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Stream<Method> bound() {
    return Stream.of(panamba_h.class.getDeclaredMethods())
        .filter(method -> Modifier.isPublic(method.getModifiers()));
  }

  @Test
  void theCompilerAgreesOnStructsConstantsAndFunctions() throws Exception {
    StringBuilder source = new StringBuilder("#include <stddef.h>\n#include \"panamba.h\"\n");
    for (String name : new TreeSet<>(STRUCTS.keySet())) {
      GroupLayout struct = (GroupLayout) STRUCTS.get(name);
      check(source, "sizeof(%s) == %d".formatted(name, struct.byteSize()));
      check(source, "_Alignof(%s) == %d".formatted(name, struct.byteAlignment()));
      for (MemoryLayout member : struct.memberLayouts()) {
        if (!(member instanceof PaddingLayout)) {
          member(source, struct, name, member);
        }
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
        "-I" + HEADER.getParent(),
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
    if (member instanceof ValueLayout layout && layout.carrier() == float.class) {
      check(source, "_Generic(%s, float: 1, default: 0)".formatted(value));
    } else if (member instanceof ValueLayout layout && layout.carrier().isPrimitive()) {
      check(
          source,
          "_Generic(%s, int32_t: 4, int64_t: 8, default: 0) == %d"
              .formatted(value, member.byteSize()));
    }
  }

  private static void call(StringBuilder source, String function, FunctionDescriptor descriptor) {
    String arguments =
        descriptor.argumentLayouts().stream()
            .map(layout -> layout instanceof java.lang.foreign.AddressLayout ? "(void *)0" : "0")
            .collect(Collectors.joining(", "));
    if (descriptor.returnLayout().isEmpty()) {
      source.append("  %s(%s);%n".formatted(function, arguments));
    } else {
      check(
          source,
          "sizeof(%s(%s)) == %d"
              .formatted(function, arguments, descriptor.returnLayout().get().byteSize()));
    }
  }

  @Test
  void headerBindingsAndLibraryHaveTheSameFunctions() throws Exception {
    assertThat(STRUCTS.keySet())
        .isEqualTo(matches(Files.readString(HEADER), "\\} (panamba_\\w+);"));
    Set<String> declared =
        matches(Files.readString(HEADER), "(?m)^PANAMBA_API [^;(]*?(panamba_\\w+)\\(");
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
    Set<String> declared = matches(Files.readString(HEADER), "#define PANAMBA_ABI_VERSION (\\d+)");
    assertThat(declared).containsExactly(String.valueOf(panamba_h.PANAMBA_ABI_VERSION()));
    assertThat(LibraryInfo.current().abiVersion()).isEqualTo(panamba_h.PANAMBA_ABI_VERSION());
    assertThat(panamba_h.panamba_abi_version()).isEqualTo(panamba_h.PANAMBA_ABI_VERSION());
  }

  @Test
  void regeneratingChangesNothing() throws Exception {
    boolean found =
        Stream.of(System.getenv("PATH").split(java.io.File.pathSeparator))
            .anyMatch(entry -> Files.isExecutable(Path.of(entry, "jextract")));
    assumeTrue(found, "there is no jextract on the PATH");
    Path bindings = Files.createDirectories(folder.resolve("bindings"));
    Path header = Files.createDirectories(folder.resolve("native/include")).resolve("panamba.h");
    Files.copy(HEADER, header);
    Files.copy(BINDINGS.resolve("panamba.args"), bindings.resolve("panamba.args"));
    run(bindings, "jextract", "@panamba.args");
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
