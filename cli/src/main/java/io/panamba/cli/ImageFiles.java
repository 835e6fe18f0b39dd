package io.panamba.cli;

import io.panamba.model.files.ImageSearch;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;

/** The images that paths stand for: files themselves, and image files in folders. */
final class ImageFiles {
  private ImageFiles() {}

  /**
   * Lists the images.
   *
   * @param paths files, taken whatever they are called, and folders, searched by the rule of {@link
   *     ImageSearch}
   * @param failures told about what can't be read, and what is left out
   * @return each once, sorted by the bytes of their paths
   */
  static List<Path> find(List<Path> paths, FailureLog failures) {
    TreeSet<Path> found = new TreeSet<>();
    ImageSearch search = new ImageSearch();
    for (Path path : paths) {
      if (Files.isDirectory(path)) {
        found.addAll(search.images(path));
      } else {
        found.add(path);
      }
    }
    search.failures().forEach(failures::add);
    if (!search.leftOut().isEmpty()) {
      failures.note(search.leftOut());
    }
    return List.copyOf(found);
  }
}
