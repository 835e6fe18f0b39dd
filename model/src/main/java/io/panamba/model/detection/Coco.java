package io.panamba.model.detection;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;

/**
 * The 80 classes of COCO (<a href="https://arxiv.org/abs/1405.0312">arXiv 1405.0312</a>) in the
 * order of the published detectors, and their category ids, which have gaps.
 */
public final class Coco {
  private static final String RESOURCE = "coco_classes.tsv";
  private static final List<String[]> ROWS = read();
  private static final List<String> NAMES = ROWS.stream().map(row -> row[2]).toList();
  private static final int[] IDS =
      ROWS.stream().mapToInt(row -> Integer.parseInt(row[1])).toArray();

  private Coco() {}

  private static List<String[]> read() {
    try (InputStream stream = Coco.class.getResourceAsStream(RESOURCE)) {
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.startsWith("#"))
          .map(line -> line.split("\t", -1))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Returns the names of the classes.
   *
   * @return 80
   */
  public static List<String> names() {
    return NAMES;
  }

  /**
   * Returns the category id of a class in results for COCO's evaluation.
   *
   * @param classIndex the class, from 0
   * @param classes how many the detector has
   * @return COCO's id where it has 80, else the index + 1
   * @throws IndexOutOfBoundsException if there is no such class
   */
  public static int categoryId(int classIndex, int classes) {
    Objects.checkIndex(classIndex, classes);
    return classes == IDS.length ? IDS[classIndex] : classIndex + 1;
  }
}
