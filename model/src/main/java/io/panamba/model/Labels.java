package io.panamba.model;

import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.detection.Coco;
import io.panamba.model.files.PathText;
import io.panamba.model.segmentation.Ade20k;
import io.panamba.runtime.PanambaException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/** Names of classes, in the order of a head's outputs. */
public final class Labels {
  /** The metadata of a checkpoint that names its classes, a line each. */
  public static final String METADATA = "vim.labels";

  private static final String IMAGENET = "imagenet1k_labels.txt";

  private final List<String> names;

  private Labels(List<String> names) {
    this.names = names;
  }

  /**
   * The 1000 classes of ImageNet-1K in the order of the published models: the terms of their
   * WordNet 3.0 synsets.
   *
   * @return the labels
   */
  public static Labels imagenet() {
    try (InputStream stream = Labels.class.getResourceAsStream(IMAGENET)) {
      return of(new String(stream.readAllBytes(), StandardCharsets.UTF_8).lines().toList());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Reads a text file with one label a line.
   *
   * @param file a regular file, or a link to one: UTF-8, or UTF-16 with a byte order mark, of at
   *     most 16 MiB; spaces around labels and empty lines at the end are left out
   * @return the labels
   * @throws PanambaException if the file can't be read or is no such text
   */
  public static Labels read(Path file) {
    try {
      return of(LabelFile.read(file));
    } catch (NoSuchFileException e) {
      throw unreadable(file, "there is no such file", e);
    } catch (IOException e) {
      throw unreadable(file, e.getMessage() == null ? e.toString() : e.getMessage(), e);
    }
  }

  /**
   * Reads the labels of a network from a text file, as {@link #read(Path)}.
   *
   * @param file a regular file, or a link to one
   * @param classes the head's outputs, or 0 for any number
   * @return the labels
   * @throws PanambaException if the file can't be read or has another number of labels
   */
  public static Labels read(Path file, int classes) {
    Labels labels = read(file);
    if (classes > 0 && labels.size() != classes) {
      throw new PanambaException(
          "%s has %s labels; expected one for each of the network's %s classes"
              .formatted(PathText.printable(file), labels.size(), classes));
    }
    return labels;
  }

  private static PanambaException unreadable(Path file, String reason, IOException e) {
    return new PanambaException(
        "labels can't be read from %s: %s".formatted(PathText.printable(file), reason), e);
  }

  /**
   * Makes labels of names.
   *
   * @param names in the order of the classes
   * @return the labels
   */
  public static Labels of(List<String> names) {
    return new Labels(List.copyOf(names));
  }

  /**
   * The labels of a checkpoint's metadata; or those that a trainer wrote, if there is one for each
   * output; or else the defaults.
   *
   * @param checkpoint of the network
   * @param config of the network
   * @return the labels
   * @throws WeightsException if they are not as many as the head's outputs
   */
  public static Labels of(Checkpoint checkpoint, NetworkConfig config) {
    int classes = config.classes();
    String text = checkpoint.metadata().get(METADATA);
    if (classes == 0) {
      return defaultsFor(config);
    }
    if (text == null) {
      List<String> written =
          checkpoint.metadata().getOrDefault(Checkpoint.CLASSES, "").lines().toList();
      return written.size() == classes ? of(written) : defaultsFor(config);
    }
    List<String> names = text.lines().toList();
    if (names.size() != classes) {
      throw new WeightsException(
          "the file's metadata has %d names in %s; expected one for each of the head's %d classes"
              .formatted(names.size(), METADATA, classes));
    }
    return of(names);
  }

  /**
   * Takes the labels of the data on which networks of a task are trained, if there are as many:
   * ADE20K's for segmentation, COCO's for detection, ImageNet's for classification; or else
   * numbers.
   *
   * @param config of the network
   * @return the labels
   */
  public static Labels defaultsFor(NetworkConfig config) {
    return switch (config.task()) {
      case CLASSIFICATION -> defaultsFor(config.classes());
      case SEGMENTATION -> ofSize(Ade20k.names(), config.classes());
      case DETECTION -> ofSize(Coco.names(), config.classes());
    };
  }

  private static Labels ofSize(List<String> names, int classes) {
    return of(names.size() == classes ? names : List.of());
  }

  /**
   * Takes the ImageNet labels for a head of 1000 classes, and numbers for any other.
   *
   * @param classes the head's outputs
   * @return the labels
   */
  public static Labels defaultsFor(int classes) {
    Labels imagenet = imagenet();
    return imagenet.size() == classes ? imagenet : of(List.of());
  }

  /**
   * Returns how many there are.
   *
   * @return the number of labels
   */
  public int size() {
    return names.size();
  }

  /**
   * Names all classes.
   *
   * @param classes how many there are
   * @return as many names
   */
  public List<String> names(int classes) {
    return IntStream.range(0, classes).mapToObj(this::name).toList();
  }

  /**
   * Names a class.
   *
   * @param index the class, from 0
   * @return its label, or {@code class INDEX} if there is none
   */
  public String name(int index) {
    return index < names.size() ? names.get(index) : "class " + index;
  }
}
