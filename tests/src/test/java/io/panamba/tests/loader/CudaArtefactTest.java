package io.panamba.tests.loader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarOutputStream;
import java.util.zip.ZipEntry;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The kernels for GPUs in an artefact of their own. The driver, NVIDIA's libraries and the kernels
 * are copies of another library here: they are found and loaded, and refused for what they lack.
 */
class CudaArtefactTest {
  private static final Path DESCRIPTOR = Path.of("../native-cuda/src/main/java/module-info.java");
  private static final String MODULE = "io.panamba.natives.cuda";
  private static final String KERNELS =
      Entries.RESOURCE.replace("libpanamba.so", "libpanamba_cuda.so");

  @TempDir private Path scratch;

  @BeforeEach
  void onLinux() {
    assumeTrue(Entries.RESOURCE.contains("/linux-"), "GPUs are used on Linux");
  }

  /** What panamba-native-cuda is, with another library in it. */
  private Path artefact() throws IOException {
    Path classes = scratch.resolve("classes");
    int failed =
        ToolProvider.getSystemJavaCompiler()
            .run(null, null, null, "-d", classes.toString(), DESCRIPTOR.toString());
    assertThat(failed).isZero();
    Path file = scratch.resolve("panamba-native-cuda.jar");
    try (OutputStream out = Files.newOutputStream(file);
        JarOutputStream jar = new JarOutputStream(out)) {
      jar.putNextEntry(new ZipEntry("module-info.class"));
      Files.copy(classes.resolve("module-info.class"), jar);
      jar.putNextEntry(new ZipEntry(KERNELS));
      jar.write(Entries.library());
    }
    return file;
  }

  /** A process that finds a driver and NVIDIA's libraries. */
  private Child child() throws IOException {
    Path folder = Files.createDirectories(scratch.resolve("nvidia"));
    for (String name : List.of("libcuda.so.1", "libcudart.so.13", "libcublasLt.so.13")) {
      Files.write(folder.resolve(name), Entries.library());
    }
    return Child.in(scratch)
        .environment("LD_LIBRARY_PATH", folder)
        .property("panamba.cuda.path", folder);
  }

  private Child modules(Path artefact) throws IOException {
    return child()
        .modulePath(Entries.RUNTIME, Entries.BINDINGS, Entries.NATIVES, artefact)
        .classPath(Entries.TESTS)
        .grants(
            "--illegal-native-access=deny",
            "--enable-native-access=io.panamba.runtime,io.panamba.bindings");
  }

  private static void assertFound(Child.Result result, Path artefact) {
    assertThat(result.all("tried"))
        .anyMatch(
            tried ->
                tried.startsWith("resource " + KERNELS + ": found, jar:file:")
                    && tried.endsWith(artefact + "!/" + KERNELS));
    assertThat(result.get("refused"))
        .contains("is a library, but not Panamba's: it has no function panamba_cuda_abi_version");
  }

  private static void assertAskedFor(Child.Result result) {
    assertThat(result.all("tried"))
        .contains(
            "resource " + KERNELS + ": it is neither on the class path nor on the module path");
    assertThat(result.get("refused"))
        .contains("Add panamba-native-cuda for linux-")
        .contains("--add-modules " + MODULE);
  }

  @Test
  void isFoundOnTheClassPath() throws Exception {
    Path artefact = artefact();
    Child child =
        child()
            .classPath(Entries.RUNTIME, Entries.BINDINGS, Entries.NATIVES, artefact, Entries.TESTS);
    assertFound(child.run("cuda").loaded(), artefact);
  }

  @Test
  void isFoundOnTheModulePathOnceItIsAdded() throws Exception {
    Path artefact = artefact();
    assertFound(modules(artefact).option("--add-modules=" + MODULE).run("cuda").loaded(), artefact);
  }

  @Test
  void isAskedForWhereNobodyAddsItsModule() throws Exception {
    assertAskedFor(modules(artefact()).run("cuda").loaded());
  }

  @Test
  void isAskedForWhereItIsMissing() throws Exception {
    assertAskedFor(child().run("cuda").loaded());
  }
}
