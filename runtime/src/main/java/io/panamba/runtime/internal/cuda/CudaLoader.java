package io.panamba.runtime.internal.cuda;

import io.panamba.runtime.CudaInfo;
import io.panamba.runtime.LibraryException;
import io.panamba.runtime.internal.library.Attempts;
import io.panamba.runtime.internal.library.ElfFile;
import io.panamba.runtime.internal.library.LibraryContent;
import io.panamba.runtime.internal.library.LibraryCopy;
import io.panamba.runtime.internal.library.LibraryLinker;
import io.panamba.runtime.internal.library.LibraryLoader;
import io.panamba.runtime.internal.library.LibraryResource;
import io.panamba.runtime.internal.library.LoaderSettings;
import io.panamba.runtime.internal.library.Platform;
import io.panamba.runtime.internal.library.Refusal;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Finds and loads the libraries of a GPU, in the order that {@link CudaInfo} states. */
final class CudaLoader {
  static final String RUNTIME = "libcudart.so.13";
  static final String PRODUCTS = "libcublasLt.so.13";
  static final String KERNELS = System.mapLibraryName("panamba_cuda");

  /** cuDNN opens it by name, to compile engines. */
  static final String COMPILER = "libnvrtc.so.13";

  static final String DNN = "libcudnn.so.9";

  /** What that file opens by name, from its own folder; what is missing ends the process. */
  private static final List<String> DNN_PARTS =
      List.of(
          "libcudnn_graph.so.9",
          "libcudnn_heuristic.so.9",
          "libcudnn_engines_precompiled.so.9",
          "libcudnn_engines_runtime_compiled.so.9",
          "libcudnn_engines_tensor_ir.so.9");

  private static final String DRIVER = "libcuda.so.1";
  private static final Path MAPS = Path.of("/proc/self/maps");

  private final CudaSettings settings;
  private final LoaderSettings cpuSettings;
  private final Platform platform = Platform.current();
  private final Attempts attempts;

  CudaLoader(CudaSettings settings, LoaderSettings cpuSettings, Attempts attempts) {
    this.attempts = attempts;
    this.settings = settings;
    this.cpuSettings = cpuSettings;
  }

  /** The files that were loaded. */
  record Loaded(Path runtime, Path products, Path kernels) {}

  /** Loads everything, in the order in which one needs the other. */
  Loaded load() {
    requireDriver();
    return new Loaded(
        find(RUNTIME, "Install the CUDA runtime 13"),
        find(PRODUCTS, "Install cuBLAS 13"),
        findKernels());
  }

  private void requireDriver() {
    if (!platform.os().equals("linux")) {
      throw new LibraryException("GPUs are used on Linux, not on %s".formatted(platform));
    }
    if (!hasDriver()) {
      note(DRIVER, "not on the loader's path");
      throw new LibraryException(
          "There is no driver of an NVIDIA GPU on this machine: %s is not on the loader's path."
                  .formatted(DRIVER)
              + " Install the driver, or run on the processor.");
    }
  }

  static boolean hasDriver() {
    return isOnLoaderPath(DRIVER);
  }

  static boolean isOnLoaderPath(String library) {
    try (Arena local = Arena.ofConfined()) {
      SymbolLookup.libraryLookup(library, local);
      return true;
    } catch (IllegalArgumentException _) {
      return false;
    }
  }

  /** Finds and loads one of NVIDIA's libraries. */
  Path find(String library, String advice) {
    return search(library)
        .orElseThrow(
            () ->
                failure(
                    library,
                    "%s and set CUDA_HOME, or set -D%s to its folder, to a toolkit, or to a Python environment with NVIDIA's packages."
                        .formatted(advice, CudaSettings.PATH)));
  }

  /**
   * Finds and loads cuDNN, after cuBLASLt: it takes the one that the process has, by its name. The
   * compiler may be missing, if no engine is to be compiled.
   */
  Path findDnn() {
    search(COMPILER);
    return find(DNN, "Install cuDNN 9 for CUDA 13");
  }

  private Optional<Path> search(String library) {
    for (CudaSettings.Place place : settings.places()) {
      Optional<Path> file = loadFrom(place, library);
      if (file.isPresent()) {
        return file;
      }
    }
    String candidate = library + " on the loader's path";
    try {
      Path file = onLoaderPath(library);
      link(file, library);
      note(candidate, Attempts.LOADED + ", " + file);
      return Optional.of(file);
    } catch (Refusal e) {
      note(candidate, e.getMessage());
      return Optional.empty();
    }
  }

  /** Loads a library from a place, if it is there and can be loaded. */
  private Optional<Path> loadFrom(CudaSettings.Place place, String library) {
    String candidate = "%s in %s".formatted(library, place);
    try {
      Path file = search(place, library);
      link(file, library);
      note(candidate, Attempts.LOADED + ", " + file);
      return Optional.of(file);
    } catch (Refusal e) {
      note(candidate, e.getMessage());
      return Optional.empty();
    }
  }

  private static Path search(CudaSettings.Place place, String library) throws Refusal {
    List<String> others = new ArrayList<>();
    for (Path folder : place.folders()) {
      Path file = folder.resolve(library);
      if (Files.exists(file)) {
        return file;
      }
      others.addAll(otherVersions(folder, library));
    }
    throw new Refusal(
        others.isEmpty()
            ? "it is not there"
            : "it is not there, only " + String.join(", ", others));
  }

  /** Libraries of other versions: what is installed where the right one is missing. */
  private static List<String> otherVersions(Path folder, String library) throws Refusal {
    String stem = library.substring(0, library.indexOf('.'));
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.startsWith(stem + ".so"))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw Refusal.of("it can't be read", e);
    }
  }

  /** Asks the dynamic linker, and then the kernel, which file that was. */
  private static Path onLoaderPath(String library) throws Refusal {
    try (Arena local = Arena.ofConfined()) {
      SymbolLookup.libraryLookup(library, local);
      try (BufferedReader maps = Files.newBufferedReader(MAPS)) {
        return maps.lines()
            .map(line -> line.indexOf('/') < 0 ? "" : line.substring(line.indexOf('/')))
            .map(Path::of)
            .filter(
                file ->
                    file.getFileName() != null && file.getFileName().toString().startsWith(library))
            .findFirst()
            .orElseThrow(() -> new Refusal("the file that it was loaded from is not known"));
      } catch (IOException e) {
        throw Refusal.of("the file that it was loaded from is not known", e);
      }
    } catch (IllegalArgumentException _) {
      throw new Refusal("it is not there");
    }
  }

  private static void link(Path file, String library) throws Refusal {
    ElfFile.check(file);
    if (library.equals(DNN)) {
      requireParts(file);
    }
    if (!LibraryLinker.load(file)) {
      throw new Refusal(
          "another class loader of this process has it; give Panamba one class loader for both");
    }
  }

  /** Requires what cuDNN opens, where it looks: beside the file, not beside a link to it. */
  private static void requireParts(Path file) throws Refusal {
    Path real;
    try {
      real = file.toRealPath();
    } catch (IOException e) {
      throw Refusal.of("it can't be read", e);
    }
    for (String part : DNN_PARTS) {
      try {
        ElfFile.check(real.resolveSibling(part));
      } catch (Refusal e) {
        throw new Refusal("%s, which it needs beside it: %s".formatted(part, e.getMessage()), e);
      }
    }
  }

  /** Panamba's own: in a named place, beside the processor's library, or in their jar. */
  Path findKernels() {
    for (CudaSettings.Place place : settings.places()) {
      Optional<Path> file = loadFrom(place, KERNELS);
      if (file.isPresent()) {
        return file.get();
      }
    }
    Optional<Path> beside =
        cpuSettings
            .libraryPath()
            .map(Path::of)
            .or(() -> cpuSettings.imageFolder())
            .map(path -> Files.isDirectory(path) ? path : path.toAbsolutePath().getParent());
    if (beside.isPresent()) {
      CudaSettings.Place place =
          new CudaSettings.Place("the folder of libpanamba", beside.get().toString());
      Optional<Path> file = loadFrom(place, KERNELS);
      if (file.isPresent()) {
        return file.get();
      }
    }
    return loadResource();
  }

  private Path loadResource() {
    String name = platform.resource(KERNELS);
    String advice =
        "Add panamba-native-cuda for %s to the class path, or to the module path and --add-modules io.panamba.natives.cuda, or set -D%s to the folder of %s."
            .formatted(platform, CudaSettings.PATH, KERNELS);
    byte[] content;
    try {
      URL url = LibraryResource.find(CudaLoader.class.getClassLoader(), name);
      content = LibraryResource.read(url);
      note("resource " + name, "found, " + url);
    } catch (Refusal e) {
      note("resource " + name, e.getMessage());
      throw failure(KERNELS, advice);
    }
    String sha256 = LibraryLoader.sha256(content);
    return LibraryCopy.load(
            LibraryContent.of(content),
            KERNELS,
            cpuSettings.cacheFolders(),
            (cache, bytes) -> cache.store(bytes, sha256),
            attempts)
        .orElseThrow(() -> failure(KERNELS, advice));
  }

  private void note(String candidate, String outcome) {
    attempts.note(candidate, outcome);
  }

  private LibraryException failure(String library, String advice) {
    return attempts.failure(library, advice, null);
  }
}
