package io.panamba.model.image;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.StoredTensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeSet;

/** The test pictures and what Pillow makes of them. */
final class Pictures {
  private Pictures() {}

  static Path file(String name) {
    try {
      return Path.of(Objects.requireNonNull(Pictures.class.getResource(name), name).toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  /** Reads a file of uint8 tensors (height, width, 3). */
  static Map<String, RgbImage> read(String name) {
    Map<String, RgbImage> pictures = new LinkedHashMap<>();
    try (Checkpoint file = Checkpoint.open(file(name))) {
      for (String key : new TreeSet<>(file.keys())) {
        StoredTensor tensor = file.find(key).orElseThrow();
        pictures.put(
            key,
            RgbImage.of(
                (int) tensor.shape().size(1),
                (int) tensor.shape().size(0),
                tensor.copy(Arena.ofAuto()).toArray(ValueLayout.JAVA_BYTE)));
      }
    }
    return pictures;
  }

  static RgbImage random(int width, int height, long seed) {
    byte[] pixels = new byte[width * height * 3];
    new Random(seed).nextBytes(pixels);
    return RgbImage.of(width, height, pixels);
  }

  /** Returns the largest difference of two samples at the same place. */
  static int difference(RgbImage a, RgbImage b) {
    int largest = 0;
    for (int i = 0; i < a.pixels().length; i++) {
      largest = Math.max(largest, Math.abs((a.pixels()[i] & 255) - (b.pixels()[i] & 255)));
    }
    return largest;
  }
}
