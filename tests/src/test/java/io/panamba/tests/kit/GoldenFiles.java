package io.panamba.tests.kit;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.StoredTensor;
import io.panamba.runtime.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** The files with expected numbers. */
public final class GoldenFiles {
  private GoldenFiles() {}

  /**
   * Finds a file.
   *
   * @param name its name
   * @return its path
   */
  public static Path path(String name) {
    Path file = folder().resolve(name);
    if (!Files.exists(file)) {
      throw new AssertionError("there is no golden file " + name);
    }
    return file;
  }

  /**
   * Lists files.
   *
   * @param prefix how their names start
   * @param suffix how they end
   * @return what is between the two, sorted
   */
  public static List<String> between(String prefix, String suffix) {
    try (Stream<Path> files = Files.list(folder())) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.startsWith(prefix) && name.endsWith(suffix))
          .map(name -> name.substring(prefix.length(), name.length() - suffix.length()))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path folder() {
    try {
      return Path.of(
          Objects.requireNonNull(GoldenFiles.class.getResource("/golden"), "golden").toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  /**
   * Reads a tensor's numbers.
   *
   * @param file an open file
   * @param key the tensor
   * @return its elements
   */
  public static float[] floats(Checkpoint file, String key) {
    return stored(file, key).toFloats();
  }

  /**
   * Copies a tensor.
   *
   * @param file an open file
   * @param key the tensor
   * @param arena the owner of the copy
   * @return the copy
   */
  public static Tensor tensor(Checkpoint file, String key, Arena arena) {
    StoredTensor stored = stored(file, key);
    return Tensor.of(arena, stored.shape(), stored.toFloats());
  }

  /**
   * Copies a tensor (outer, rows, columns) or (rows, columns) with its last two axes exchanged.
   *
   * @param file an open file
   * @param key the tensor
   * @param arena the owner of the copy
   * @return the copy
   */
  public static Tensor transposed(Checkpoint file, String key, Arena arena) {
    StoredTensor stored = stored(file, key);
    return Transpose.lastAxes(arena, stored.shape(), stored.toFloats());
  }

  private static StoredTensor stored(Checkpoint file, String key) {
    return file.find(key)
        .orElseThrow(() -> new AssertionError("%s has no %s".formatted(file.path(), key)));
  }
}
