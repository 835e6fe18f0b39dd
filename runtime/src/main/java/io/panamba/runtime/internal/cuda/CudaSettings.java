package io.panamba.runtime.internal.cuda;

import io.panamba.runtime.internal.library.LoaderSettings;
import io.panamba.runtime.internal.library.Refusal;
import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * What the loader of CUDA's libraries takes from its surroundings. Empty: not set.
 *
 * @param path {@link #PATH}
 * @param cudaHome the environment variable CUDA_HOME
 */
record CudaSettings(Optional<String> path, Optional<String> cudaHome) {
  static final String PATH = "panamba.cuda.path";

  private static final String[] OF_A_TOOLKIT = {"lib64", "lib", "targets/*/lib"};
  private static final String[] OF_PYTHON = {
    "nvidia/*/lib", "lib/python3*/site-packages/nvidia/*/lib"
  };

  /**
   * A place to look for libraries.
   *
   * @param origin where its name comes from
   * @param root a folder of libraries, a toolkit or a Python environment
   */
  record Place(String origin, String root) {
    /** The folders in which libraries may lie. */
    List<Path> folders() throws Refusal {
      Path folder = LoaderSettings.path(root);
      if (!Files.isDirectory(folder)) {
        throw new Refusal("there is no such folder");
      }
      List<Path> folders = new ArrayList<>(List.of(folder));
      for (String pattern : OF_A_TOOLKIT) {
        folders.addAll(matches(folder, pattern));
      }
      for (String pattern : OF_PYTHON) {
        folders.addAll(matches(folder, pattern));
      }
      return folders;
    }

    @Override
    public String toString() {
      return origin + "=" + root;
    }
  }

  static CudaSettings current() {
    return of(System::getProperty, System::getenv);
  }

  static CudaSettings of(Function<String, String> properties, Function<String, String> variables) {
    return new CudaSettings(
        Optional.ofNullable(properties.apply(PATH)),
        Optional.ofNullable(variables.apply("CUDA_HOME")));
  }

  /** The places that somebody named, in order. */
  List<Place> places() {
    List<Place> places = new ArrayList<>();
    for (String root :
        path.map(value -> value.split(File.pathSeparator, -1)).orElse(new String[0])) {
      places.add(new Place("-D" + PATH, root));
    }
    cudaHome.ifPresent(root -> places.add(new Place("CUDA_HOME", root)));
    return places;
  }

  /** The folders that a relative pattern names, in alphabetical order. */
  private static List<Path> matches(Path folder, String pattern) throws Refusal {
    List<Path> found = List.of(folder);
    for (String part : pattern.split("/", -1)) {
      List<Path> next = new ArrayList<>();
      for (Path parent : found) {
        try (DirectoryStream<Path> children = Files.newDirectoryStream(parent, part)) {
          children.forEach(next::add);
        } catch (IOException e) {
          throw Refusal.of("it can't be read", e);
        }
      }
      next.removeIf(path -> !Files.isDirectory(path));
      next.sort(null);
      found = next;
    }
    return found;
  }
}
