package io.panamba.cli;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeMap;

/** Finds the images that paths stand for: files themselves, and image files in folders. */
final class ImageFiles {
  private static final Set<String> EXTENSIONS =
      Set.of("jpg", "jpeg", "jpe", "png", "gif", "bmp", "tif", "tiff", "webp");

  private final TreeMap<String, Path> found = new TreeMap<>();
  private final FailureLog failures;

  private ImageFiles(FailureLog failures) {
    this.failures = failures;
  }

  /**
   * Lists the images.
   *
   * @param paths files, taken whatever they are called, and folders, searched with their folders
   *     for files with an image's extension
   * @param failures told about folders that can't be read
   * @return each once, sorted by path
   */
  static List<Path> find(List<Path> paths, FailureLog failures) throws IOException {
    ImageFiles files = new ImageFiles(failures);
    for (Path path : paths) {
      if (Files.isDirectory(path)) {
        Files.walkFileTree(path, files.new Visitor());
      } else {
        files.add(path);
      }
    }
    return List.copyOf(files.found.values());
  }

  private void add(Path path) {
    found.put(path.toString(), path);
  }

  private static boolean isImage(Path path) {
    String name = path.getFileName().toString();
    int dot = name.lastIndexOf('.');
    return dot >= 0 && EXTENSIONS.contains(name.substring(dot + 1).toLowerCase(Locale.ROOT));
  }

  private final class Visitor extends SimpleFileVisitor<Path> {
    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
      if (Files.isRegularFile(file) && isImage(file)) {
        add(file);
      }
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException e) {
      failures.add(e);
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path folder, IOException e) {
      if (e != null) {
        failures.add(e);
      }
      return FileVisitResult.CONTINUE;
    }
  }
}
