package io.panamba.model.image;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.StoredTensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeSet;
import java.util.zip.CRC32;

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

  /** Sets the checksums of a PNG file's chunks, after something in them was changed. */
  static byte[] withChecksums(byte[] png) {
    ByteBuffer file = ByteBuffer.wrap(png.clone());
    for (int at = 8; at <= png.length - 12 && file.getInt(at) >= 0; at += 12 + file.getInt(at)) {
      int length = file.getInt(at);
      if (length > png.length - at - 12) {
        break;
      }
      CRC32 crc = new CRC32();
      crc.update(png, at + 4, 4 + length);
      file.putInt(at + 8 + length, (int) crc.getValue());
    }
    return file.array();
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
