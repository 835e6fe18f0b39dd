package io.panamba.runtime.internal.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.panamba.runtime.CudaInfo;
import io.panamba.runtime.Device;
import io.panamba.runtime.LibraryException;
import io.panamba.runtime.LibraryInfo;
import io.panamba.runtime.internal.library.Attempts;
import io.panamba.runtime.internal.library.LoaderSettings;
import io.panamba.runtime.internal.library.Platform;
import io.panamba.runtime.internal.library.Refusal;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where libraries of GPUs are looked for, and what is said when they are not there. */
class CudaLoaderTest {
  @TempDir Path folder;

  private static CudaSettings settings(String path, String home) {
    return new CudaSettings(Optional.ofNullable(path), Optional.ofNullable(home));
  }

  private Path folder(String name) throws IOException {
    return Files.createDirectories(folder.resolve(name));
  }

  private String foldersOf(CudaSettings settings) throws Refusal {
    StringBuilder all = new StringBuilder();
    for (CudaSettings.Place place : settings.places()) {
      for (Path path : place.folders()) {
        all.append(folder.relativize(path)).append('\n');
      }
    }
    return all.toString();
  }

  @Test
  void settingsComeFromAPropertyAndAVariable() {
    assertThat(
            CudaSettings.of(Map.of("panamba.cuda.path", "/a")::get, Map.of("CUDA_HOME", "/b")::get))
        .isEqualTo(settings("/a", "/b"));
    assertThat(CudaSettings.of(_ -> null, _ -> null).places()).isEmpty();
  }

  @Test
  void theNamedPlacesInOrder() {
    String both = "/a" + File.pathSeparator + "/b";
    assertThat(settings(both, "/c").places())
        .extracting(Object::toString)
        .containsExactly("-Dpanamba.cuda.path=/a", "-Dpanamba.cuda.path=/b", "CUDA_HOME=/c");
  }

  @Test
  void aToolkit() throws Exception {
    folder("toolkit/lib64");
    folder("toolkit/targets/x86_64-linux/lib");
    folder("toolkit/include");
    assertThat(foldersOf(settings(null, folder("toolkit").toString())).lines())
        .containsExactly("toolkit", "toolkit/lib64", "toolkit/targets/x86_64-linux/lib");
  }

  @Test
  void aPythonEnvironment() throws Exception {
    folder("venv/lib/python3.11/site-packages/nvidia/cu13/lib");
    folder("venv/lib/python3.11/site-packages/nvidia/cu13/include");
    assertThat(foldersOf(settings(folder("venv").toString(), null)).lines())
        .containsExactly("venv", "venv/lib", "venv/lib/python3.11/site-packages/nvidia/cu13/lib");
    assertThat(
            foldersOf(settings(folder("venv/lib/python3.11/site-packages").toString(), null))
                .lines())
        .contains("venv/lib/python3.11/site-packages/nvidia/cu13/lib");
  }

  private static void assumeDriver(boolean there) {
    assumeTrue(
        Platform.current().os().equals("linux") && CudaLoader.hasDriver() == there,
        there ? "there is no driver" : "there is a driver");
  }

  @Test
  void noDriverIsOneClearSentence() {
    assumeDriver(false);
    assertThatThrownBy(() -> Device.cuda(0))
        .isInstanceOf(LibraryException.class)
        .hasMessage(
            "There is no driver of an NVIDIA GPU on this machine: libcuda.so.1 is not on the"
                + " loader's path. Install the driver, or run on the processor.");
    assertThatThrownBy(CudaInfo::current).isInstanceOf(LibraryException.class);
    assertThat(CudaInfo.tried())
        .containsExactly(new LibraryInfo.Attempt("libcuda.so.1", "not on the loader's path"));
  }

  private static List<String> tried(Attempts attempts) {
    return attempts.all().stream()
        .map(attempt -> attempt.candidate() + ": " + attempt.outcome())
        .toList();
  }

  @Test
  void whyEachPlaceWasRefused() throws Exception {
    Path empty = folder("empty");
    Path older = folder("older");
    Files.createFile(older.resolve("libcudart.so.12"));
    Path broken = folder("broken");
    Files.writeString(broken.resolve("libcudart.so.13"), "no library");
    String path =
        String.join(
            File.pathSeparator,
            folder.resolve("missing").toString(),
            empty.toString(),
            older.toString());
    Attempts attempts = new Attempts();
    CudaLoader loader =
        new CudaLoader(
            settings(path, broken.toString()), LoaderSettings.of(_ -> null, _ -> null), attempts);
    assertThatThrownBy(() -> loader.find("libcudart.so.13.none", "Install it"))
        .isInstanceOf(LibraryException.class)
        .hasMessageStartingWith("libcudart.so.13.none can't be loaded. Tried: ")
        .hasMessageContaining("Install it and set CUDA_HOME, or set -Dpanamba.cuda.path");
    assertThat(tried(attempts))
        .containsExactly(
            "libcudart.so.13.none in -Dpanamba.cuda.path=%s: there is no such folder"
                .formatted(folder.resolve("missing")),
            "libcudart.so.13.none in -Dpanamba.cuda.path=%s: it is not there".formatted(empty),
            "libcudart.so.13.none in -Dpanamba.cuda.path=%s: it is not there, only libcudart.so.12"
                .formatted(older),
            "libcudart.so.13.none in CUDA_HOME=%s: it is not there, only libcudart.so.13"
                .formatted(broken),
            "libcudart.so.13.none on the loader's path: it is not there");
  }

  @Test
  void aFileThatIsNoLibrary() throws Exception {
    Files.writeString(folder.resolve("libnothing.so.13"), "no library");
    CudaLoader loader =
        new CudaLoader(
            settings(folder.toString(), null),
            LoaderSettings.of(_ -> null, _ -> null),
            new Attempts());
    assertThatThrownBy(() -> loader.find("libnothing.so.13", "Install it"))
        .hasMessageContaining("it is not a shared library (no ELF header)");
  }

  @Test
  void kernelsThatNobodyBuilt() {
    CudaLoader loader =
        new CudaLoader(
            settings(folder.toString(), null),
            LoaderSettings.of(_ -> null, _ -> null),
            new Attempts());
    assumeTrue(
        CudaLoaderTest.class
                .getClassLoader()
                .getResource(Platform.current().resource(CudaLoader.KERNELS))
            == null,
        "panamba-native-cuda is on the class path");
    assertThatThrownBy(loader::findKernels)
        .isInstanceOf(LibraryException.class)
        .hasMessageContaining(
            "libpanamba_cuda.so in -Dpanamba.cuda.path=%s: it is not there; ", folder)
        .hasMessageContaining("resource META-INF/native/")
        .hasMessageContaining("Add panamba-native-cuda for " + Platform.current());
  }

  /** A library that is one, to stand for one that is only looked at. */
  private static byte[] anyLibrary() throws IOException {
    String name = Platform.current().resource(System.mapLibraryName("panamba"));
    try (InputStream in = CudaLoaderTest.class.getClassLoader().getResourceAsStream(name)) {
      return in.readAllBytes();
    }
  }

  /** What cuDNN can't open would end the process. */
  @Test
  void cudnnHasToBeWhole() throws Exception {
    Path whole = folder("whole");
    byte[] library = anyLibrary();
    Files.write(whole.resolve("libcudnn.so.9"), library);
    Files.write(whole.resolve("libcudnn_graph.so.9"), library);
    Files.write(whole.resolve("libcudnn_heuristic.so.9"), Arrays.copyOf(library, 5000));
    Path linked = folder("linked");
    Files.createSymbolicLink(linked.resolve("libcudnn.so.9"), whole.resolve("libcudnn.so.9"));
    Path alone = folder("alone");
    Files.write(alone.resolve("libcudnn.so.9"), library);
    String path =
        String.join(File.pathSeparator, whole.toString(), linked.toString(), alone.toString());
    Attempts attempts = new Attempts();
    CudaLoader loader =
        new CudaLoader(settings(path, null), LoaderSettings.of(_ -> null, _ -> null), attempts);
    assumeTrue(!CudaLoader.isOnLoaderPath(CudaLoader.DNN), "there is a whole one");
    assertThatThrownBy(loader::findDnn)
        .isInstanceOf(LibraryException.class)
        .hasMessageContaining("Install cuDNN 9 for CUDA 13 and set CUDA_HOME");
    String broken =
        "libcudnn_heuristic.so.9, which it needs beside it: it is truncated or damaged (5000"
            + " bytes)";
    assertThat(tried(attempts))
        .contains(
            "libcudnn.so.9 in -Dpanamba.cuda.path=%s: %s".formatted(whole, broken),
            "libcudnn.so.9 in -Dpanamba.cuda.path=%s: %s".formatted(linked, broken),
            "libcudnn.so.9 in -Dpanamba.cuda.path=%s: libcudnn_graph.so.9, which it needs beside it: it can't be read: there is no %s"
                .formatted(alone, alone.toRealPath().resolve("libcudnn_graph.so.9")));
  }
}
