package io.panamba.model.segmentation;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The 150 classes of ADE20K's scene parsing benchmark (<a
 * href="https://arxiv.org/abs/1608.05442">arXiv 1608.05442</a>), in the order of the published
 * networks: the label of its annotations less 1.
 */
public final class Ade20k {
  private static final String RESOURCE = "ade20k_classes.tsv";
  private static final List<String[]> ROWS = read();
  private static final List<String> NAMES = ROWS.stream().map(row -> row[1]).toList();
  private static final Palette PALETTE =
      Palette.of(ROWS.stream().mapToInt(Ade20k::colour).toArray());

  private Ade20k() {}

  private static List<String[]> read() {
    try (InputStream stream = Ade20k.class.getResourceAsStream(RESOURCE)) {
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.startsWith("#"))
          .map(line -> line.split("\t", -1))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int colour(String[] row) {
    return Integer.parseInt(row[2]) << 16
        | Integer.parseInt(row[3]) << 8
        | Integer.parseInt(row[4]);
  }

  /**
   * Returns the names of the classes.
   *
   * @return 150
   */
  public static List<String> names() {
    return NAMES;
  }

  /**
   * Returns the colours of the classes.
   *
   * @return 150
   */
  public static Palette palette() {
    return PALETTE;
  }
}
