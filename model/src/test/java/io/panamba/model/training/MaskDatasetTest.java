package io.panamba.model.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.model.image.ImageException;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MaskDatasetTest {
  @TempDir private Path folder;

  private void image(String name, int width, int height) throws IOException {
    write(new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB), "images/" + name);
  }

  /** Writes a mask of a row. */
  private void maskOf(int type, String name, int... samples) throws IOException {
    BufferedImage mask = new BufferedImage(samples.length, 1, type);
    for (int i = 0; i < samples.length; i++) {
      mask.getRaster().setSample(i, 0, 0, samples[i]);
    }
    write(mask, "masks/" + name);
  }

  private void mask(String name, int... samples) throws IOException {
    maskOf(BufferedImage.TYPE_BYTE_GRAY, name, samples);
  }

  private void write(BufferedImage image, String name) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    ImageIO.write(image, "png", file.toFile());
  }

  @Test
  void masksHaveTheNamesOfImages() throws IOException {
    image("b.png", 2, 1);
    image("a/c.png", 3, 1);
    mask("b.png", 0, 255);
    mask("a/c.png", 2, 1, 0);
    mask("more.png", 1);
    try (Dataset data = Dataset.open(folder)) {
      assertThat(data).isInstanceOf(MaskDataset.class);
      assertThat(data.size()).isEqualTo(2);
      assertThat(data.classes()).containsExactly("0", "1", "2");
      MaskDataset masks = (MaskDataset) data;
      assertThat(masks.mask(0).indices()).containsExactly(2, 1, 0);
      assertThat(masks.mask(1).indices()).containsExactly(0, -1);
      assertThat(masks.image(0).width()).isEqualTo(3);
      String before = data.fingerprint();
      mask("d.png", 1, 1);
      image("d.png", 2, 1);
      try (Dataset other = Dataset.open(folder)) {
        assertThat(other.fingerprint()).isNotEqualTo(before);
      }
    }
  }

  @Test
  void namesAndZeros() throws IOException {
    image("a.png", 4, 1);
    mask("a.png", 0, 1, 3, 255);
    Files.writeString(folder.resolve("labels.txt"), "wall\nfloor\nsky\n");
    try (MaskDataset data = MaskDataset.open(folder, true)) {
      assertThat(data.classes()).containsExactly("wall", "floor", "sky");
      assertThat(data.mask(0).indices()).containsExactly(-1, 0, 2, -1);
    }
    try (MaskDataset data = MaskDataset.open(folder, false)) {
      assertThatThrownBy(() -> data.mask(0))
          .isInstanceOf(DatasetException.class)
          .hasMessageContaining("3 is no class of 3");
    }
  }

  @Test
  void sixteenBits() throws IOException {
    image("a.png", 3, 1);
    maskOf(BufferedImage.TYPE_USHORT_GRAY, "a.png", 255, 300, 65535);
    try (MaskDataset data = MaskDataset.open(folder, false)) {
      assertThat(data.classes()).hasSize(301);
      assertThat(data.mask(0).indices()).containsExactly(255, 300, -1);
    }
  }

  @Test
  void refusesWhatDoesNotBelongTogether() throws IOException {
    refused("expected folders 'images' and 'masks'");
    image("a.png", 2, 1);
    mask("b.png", 1, 1);
    refused("a.png has no mask");
    mask("a.png", 0, 0);
    refused("at least two classes");
    mask("a.png", 0, 1, 1);
    try (MaskDataset data = MaskDataset.open(folder, false)) {
      assertThatThrownBy(() -> data.masked(0))
          .isInstanceOf(DatasetException.class)
          .hasMessageContaining("a.png has 2 x 1 RGB and its mask 3 x 1 pixels");
    }
    write(new BufferedImage(2, 1, BufferedImage.TYPE_INT_RGB), "masks/a.png");
    assertThatThrownBy(() -> MaskDataset.open(folder, false))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("a mask has a palette");
  }

  private void refused(String message) {
    assertThatThrownBy(() -> MaskDataset.open(folder, false))
        .isInstanceOf(DatasetException.class)
        .hasMessageContaining(message);
  }
}
