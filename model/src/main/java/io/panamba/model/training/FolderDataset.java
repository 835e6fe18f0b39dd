package io.panamba.model.training;

import io.panamba.model.files.ImageSearch;
import io.panamba.model.files.PathText;
import io.panamba.model.image.ImageDecoder;
import io.panamba.model.image.RgbImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/** The ImageFolder convention: the folder in which a picture lies is its class. */
final class FolderDataset implements LabelledDataset {
  private record Item(Path file, int label) {}

  private final ImageDecoder decoder = new ImageDecoder();
  private final List<String> classes;
  private final List<Item> items;
  private final String fingerprint;
  private final String leftOut;

  private FolderDataset(
      List<String> classes, List<Item> items, String fingerprint, String leftOut) {
    this.classes = classes;
    this.items = items;
    this.fingerprint = fingerprint;
    this.leftOut = leftOut;
  }

  static FolderDataset read(Path root) {
    ImageSearch search = new ImageSearch();
    List<String> classes = new ArrayList<>();
    List<Item> items = new ArrayList<>();
    CRC32 sum = new CRC32();
    try {
      for (Path folder : search.folders(root)) {
        List<Path> files = search.images(folder);
        DatasetException.requireRead(search);
        if (files.isEmpty()) {
          throw new DatasetException(
              PathText.printable(folder)
                  + ": a class has pictures; here are none. Fill the folder or remove it");
        }
        for (Path file : files) {
          items.add(new Item(file, classes.size()));
          String line = PathText.of(root.relativize(file)) + " " + Files.size(file) + "\n";
          sum.update(line.getBytes(StandardCharsets.UTF_8));
        }
        classes.add(name(folder));
      }
    } catch (IOException e) {
      throw new DatasetException(
          "%s: the folder can't be read: %s".formatted(PathText.printable(root), e), e);
    }
    DatasetException.requireRead(search);
    if (classes.size() < 2) {
      throw new DatasetException(
          "%s: expected a folder for each of at least two classes, found %d"
              .formatted(PathText.printable(root), classes.size()));
    }
    return new FolderDataset(
        List.copyOf(classes),
        List.copyOf(items),
        "%s pictures, sum %08x".formatted(items.size(), sum.getValue()),
        search.leftOut());
  }

  /**
   * A class's name: text of a line, as files of labels have one each, in UTF-8, as safetensors have
   * it.
   */
  private static String name(Path folder) {
    String name = PathText.of(folder.getFileName());
    if (!PathText.isUnicode(name)) {
      throw new DatasetException(
          "the name of the folder '%s' can't be a class's: it is not UTF-8; rename the folder"
              .formatted(PathText.printable(folder)));
    }
    if (name.isBlank() || name.codePoints().anyMatch(FolderDataset::endsLineOrControls)) {
      throw new DatasetException(
          "the name of the folder '%s' can't be a class's: expected one line of text that is not blank"
              .formatted(PathText.printable(folder)));
    }
    return name;
  }

  private static boolean endsLineOrControls(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> true;
      default -> false;
    };
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
  public String leftOut() {
    return leftOut;
  }

  @Override
  public void close() {}
}
