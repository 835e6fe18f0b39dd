package io.panamba.tests.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.panamba.bindings.cuda.cublasLtMatmulHeuristicResult_t;
import io.panamba.bindings.cuda.cudaMemPoolProps;
import io.panamba.bindings.cuda.panamba_cuda_embedding_args;
import io.panamba.bindings.cuda.panamba_cuda_epilogue_args;
import io.panamba.bindings.cuda.panamba_cuda_h;
import io.panamba.bindings.cuda.panamba_cuda_scan_args;
import io.panamba.bindings.panamba_selective_scan_args;
import java.io.File;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The header of CUDA's kernels and the bindings say the same. */
class CudaBindingsTest {
  private static final Path HEADERS = Path.of("..", "native", "include");
  private static final Path HEADER = HEADERS.resolve("panamba_cuda.h");
  private static final Path BINDINGS = Path.of("..", "bindings");

  @TempDir Path folder;

  private static Set<String> bound(String pattern) {
    return Stream.of(panamba_cuda_h.class.getDeclaredMethods())
        .filter(method -> Modifier.isPublic(method.getModifiers()))
        .map(Method::getName)
        .filter(name -> name.matches(pattern))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Set<String> declared(String pattern) throws Exception {
    return Pattern.compile(pattern)
        .matcher(Files.readString(HEADER))
        .results()
        .map(match -> match.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void functionsAndConstants() throws Exception {
    assertThat(
            bound("panamba_cuda_\\w+\\$descriptor").stream()
                .map(name -> name.replace("$descriptor", "")))
        .containsExactlyInAnyOrderElementsOf(declared("(?m)^PANAMBA_API [^;(]*?(panamba_\\w+)\\("));
    assertThat(bound("PANAMBA_\\w+"))
        .isEqualTo(declared("\\b(PANAMBA_CUDA_[A-Z0-9_]+)(?: =| )\\s*\\d+\\b"));
  }

  @Test
  void theCompilerAgreesOnStructs() throws Exception {
    StringBuilder source = new StringBuilder("#include <stddef.h>\n#include \"panamba_cuda.h\"\n");
    check(source, "panamba_cuda_scan_args", panamba_cuda_scan_args.layout());
    check(source, "panamba_cuda_epilogue_args", panamba_cuda_epilogue_args.layout());
    check(source, "panamba_cuda_embedding_args", panamba_cuda_embedding_args.layout());
    Path file = Files.writeString(folder.resolve("structs.c"), source);
    run(Path.of(""), "cc", "-std=c11", "-fsyntax-only", "-I" + HEADERS, file.toString());
  }

  private static void check(StringBuilder source, String struct, GroupLayout layout) {
    source.append(
        "_Static_assert(sizeof(%s) == %d, \"%s\");%n".formatted(struct, layout.byteSize(), struct));
    layout
        .memberLayouts()
        .forEach(
            member -> {
              String field = member.name().orElseThrow();
              source.append(
                  "_Static_assert(offsetof(%s, %s) == %d, \"%s\");%n"
                      .formatted(
                          struct,
                          field,
                          layout.byteOffset(PathElement.groupElement(field)),
                          field));
            });
  }

  /** The struct that both headers have is written once and copied. */
  @Test
  void theScansStructIsTheProcessors() {
    GroupLayout scan = panamba_cuda_scan_args.layout();
    assertThat(scan.select(PathElement.groupElement("scan")).byteSize())
        .isEqualTo(panamba_selective_scan_args.layout().byteSize());
  }

  /** Sizes that NVIDIA's headers give. */
  @Test
  void nvidiasStructs() {
    assertThat(cudaMemPoolProps.layout().byteSize()).isEqualTo(88);
    assertThat(cublasLtMatmulHeuristicResult_t.layout().byteSize()).isEqualTo(96);
  }

  @Test
  void regeneratingChangesNothing() throws Exception {
    boolean found =
        Stream.of(System.getenv("PATH").split(File.pathSeparator))
            .anyMatch(entry -> Files.isExecutable(Path.of(entry, "jextract")));
    assumeTrue(found, "there is no jextract on the PATH");
    Path bindings = Files.createDirectories(folder.resolve("bindings"));
    Path headers = Files.createDirectories(folder.resolve("native/include"));
    for (String header : new String[] {"panamba.h", "panamba_cuda.h"}) {
      Files.copy(HEADERS.resolve(header), headers.resolve(header));
    }
    Files.copy(BINDINGS.resolve("panamba_cuda.args"), bindings.resolve("panamba_cuda.args"));
    run(bindings, "jextract", "@panamba_cuda.args");
    run(bindings, "sh", BINDINGS.resolve("adapt").toAbsolutePath().toString(), "src/main/java");
    String classes = "src/main/java/io/panamba/bindings/cuda";
    try (Stream<Path> made = Files.list(bindings.resolve(classes))) {
      for (Path source : made.toList()) {
        assertThat(source)
            .hasSameTextualContentAs(BINDINGS.resolve(classes).resolve(source.getFileName()));
      }
    }
  }

  private static void run(Path directory, String... command) throws Exception {
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toAbsolutePath().toFile())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
  }
}
