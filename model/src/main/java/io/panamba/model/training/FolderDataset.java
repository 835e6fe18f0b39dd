package io.panamba.model.training;

import io.panamba.model.image.ImageDecoder;
import io.panamba.model.image.RgbImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.CRC32;

/** The ImageFolder convention: the folder in which a picture lies is its class. */
final class FolderDataset implements Dataset {
  private static final Set<String> EXTENSIONS =
      Set.of("jpg", "jpeg", "jpe", "png", "gif", "bmp", "tif", "tiff", "webp");

  private record Item(Path file, int label) {}

  private final ImageDecoder decoder = new ImageDecoder();
  private final List<String> classes;
  private final List<Item> items;
  private final String fingerprint;

  private FolderDataset(List<String> classes, List<Item> items, String fingerprint) {
    this.classes = classes;
    this.items = items;
    this.fingerprint = fingerprint;
  }

  static FolderDataset read(Path root) {
    try {
      List<String> classes = new ArrayList<>();
      List<Item> items = new ArrayList<>();
      CRC32 sum = new CRC32();
      for (Path folder : sorted(root, false)) {
        List<Path> files = sorted(folder, true);
        if (files.isEmpty()) {
          throw new DatasetException(
              folder + ": a class has pictures; here are none. Fill the folder or remove it");
        }
        for (Path file : files) {
          items.add(new Item(file, classes.size()));
          String line = root.relativize(file) + " " + Files.size(file) + "\n";
          sum.update(line.getBytes(StandardCharsets.UTF_8));
        }
        classes.add(name(folder));
      }
      if (classes.size() < 2) {
        throw new DatasetException(
            "%s: expected a folder for each of at least two classes, found %d"
                .formatted(root, classes.size()));
      }
      return new FolderDataset(
          List.copyOf(classes),
          List.copyOf(items),
          "%s pictures, sum %08x".formatted(items.size(), sum.getValue()));
    } catch (IOException | UncheckedIOException e) {
      throw new DatasetException("%s: the folder can't be read: %s".formatted(root, e), e);
    }
  }

  /** A class's name: a line, as files of labels have one each. */
  private static String name(Path folder) {
    String name = folder.getFileName().toString();
    if (name.isBlank() || name.lines().count() != 1) {
      throw new DatasetException(
          "the name of the folder '%s' can't be a class's: expected one line that is not blank"
              .formatted(folder));
    }
    return name;
  }

  /** The folders in a folder, or the pictures in and below it; links are followed. */
  private static List<Path> sorted(Path folder, boolean pictures) throws IOException {
    try (Stream<Path> paths =
        pictures ? Files.walk(folder, FileVisitOption.FOLLOW_LINKS) : Files.list(folder)) {
      return paths
          .filter(path -> !path.getFileName().toString().startsWith("."))
          .filter(pictures ? FolderDataset::isPicture : Files::isDirectory)
          .sorted()
          .toList();
    }
  }

  private static boolean isPicture(Path path) {
    String name = path.getFileName().toString();
    String extension = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    return EXTENSIONS.contains(extension) && Files.isRegularFile(path);
  }

  @Override
  public int size() {
    return items.size();
  }

  @Override
  public List<String> classes() {
    return classes;
  }

  @Override
  public int label(int index) {
    return items.get(index).label;
  }

  @Override
  public RgbImage image(int index) {
    return decoder.decode(items.get(index).file);
  }

  @Override
  public String fingerprint() {
    return fingerprint;
  }

  @Override
  public void close() {}
}
