package io.panamba.model.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IndexImageTest {
  private static final short[] SIX = {0, 1, 2, 3, 4, 5};

  @TempDir private Path folder;

  private Path write(BufferedImage image, String format) throws IOException {
    Path file = folder.resolve("mask." + format);
    ImageIO.write(image, format, file.toFile());
    return file;
  }

  private static BufferedImage filled(BufferedImage image, int... samples) {
    for (int i = 0; i < samples.length; i++) {
      int width = image.getWidth();
      image.getRaster().setSample(i % width, i / width, 0, samples[i]);
    }
    return image;
  }

  @Test
  void samplesAreIndices() throws IOException {
    byte[] colours = {10, 20, 30, 40};
    for (int bits : new int[] {2, 8}) {
      IndexColorModel palette = new IndexColorModel(bits, 4, colours, colours, colours);
      int type = bits == 8 ? BufferedImage.TYPE_BYTE_INDEXED : BufferedImage.TYPE_BYTE_BINARY;
      BufferedImage image = filled(new BufferedImage(3, 1, type, palette), 3, 0, 2);
      IndexImage read = new ImageDecoder().decodeIndices(write(image, "png"));
      assertThat(read.indices()).containsExactly(3, 0, 2);
      assertThat(read.isOfBytes()).isTrue();
    }
    BufferedImage grey = new BufferedImage(2, 2, BufferedImage.TYPE_BYTE_GRAY);
    IndexImage ofBytes =
        new ImageDecoder().decodeIndices(write(filled(grey, 0, 1, 254, 255), "png"));
    assertThat(ofBytes.indices()).containsExactly(0, 1, 254, 255);
    assertThat(ofBytes.isOfBytes()).isTrue();
    BufferedImage wide = new BufferedImage(2, 2, BufferedImage.TYPE_USHORT_GRAY);
    IndexImage ofShorts =
        new ImageDecoder().decodeIndices(write(filled(wide, 0, 255, 256, 65535), "png"));
    assertThat(ofShorts.indices()).containsExactly(0, 255, 256, -1);
    assertThat(ofShorts.isOfBytes()).isFalse();
  }

  @Test
  void refusesWhatHasNoIndices() throws IOException {
    Path colour = write(new BufferedImage(2, 2, BufferedImage.TYPE_INT_RGB), "png");
    refused(colour, "a mask has a palette or one channel of grey");
    Path jpeg = write(new BufferedImage(2, 2, BufferedImage.TYPE_BYTE_GRAY), "jpg");
    refused(jpeg, "a mask is a PNG file");
    Path damaged = write(new BufferedImage(9, 9, BufferedImage.TYPE_BYTE_GRAY), "png");
    byte[] bytes = Files.readAllBytes(damaged);
    bytes[bytes.length - 20] ^= 1;
    Files.write(damaged, bytes);
    refused(damaged, "checksum");
    refused(folder.resolve("none.png"), "there is no such file");
  }

  private static void refused(Path file, String message) {
    assertThatThrownBy(() -> new ImageDecoder().decodeIndices(file))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining(message);
  }

  @Test
  void partsAndSizes() {
    IndexImage image = IndexImage.of(3, 2, true, SIX);
    assertThat(image.mirrored().indices()).containsExactly(2, 1, 0, 5, 4, 3);
    assertThat(image.crop(1, 1, 2, 1).indices()).containsExactly(4, 5);
    assertThat(image.resize(3, 2)).isSameAs(image);
    // Columns 0, 0, 1, 1, 2 and rows 0, 0, 1.
    assertThat(image.resize(5, 3).indices())
        .containsExactly(0, 0, 1, 1, 2, 0, 0, 1, 1, 2, 3, 3, 4, 4, 5);
    assertThat(image.resize(1, 1).indices()).containsExactly(0);
    assertThatThrownBy(() -> image.crop(2, 0, 2, 1)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> IndexImage.of(2, 2, true, SIX)).isInstanceOf(ImageException.class);
    assertThatThrownBy(() -> IndexImage.of(0, 2, true, new short[0]))
        .isInstanceOf(ImageException.class);
  }
}
