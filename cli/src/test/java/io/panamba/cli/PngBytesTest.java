package io.panamba.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.image.ImageDecoder;
import io.panamba.model.image.RgbImage;
import io.panamba.model.segmentation.LabelMap;
import io.panamba.model.segmentation.Palette;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PngBytesTest {
  private static BufferedImage read(byte[] png) throws IOException {
    return ImageIO.read(new ByteArrayInputStream(png));
  }

  private static LabelMap map(int height, int width, int classes) {
    short[] labels = new short[height * width];
    Random random = new Random(1);
    for (int i = 0; i < labels.length; i++) {
      labels[i] = (short) random.nextInt(classes);
    }
    return LabelMap.of(height, width, classes, labels);
  }

  private static void assertSamples(BufferedImage image, LabelMap map) {
    assertThat(image.getRaster().getNumBands()).isEqualTo(1);
    assertThat(image.getWidth()).isEqualTo(map.width());
    assertThat(image.getHeight()).isEqualTo(map.height());
    for (int y = 0; y < map.height(); y++) {
      for (int x = 0; x < map.width(); x++) {
        assertThat(image.getRaster().getSample(x, y, 0)).isEqualTo(map.at(x, y));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1,1", "1,7", "7,1", "33,20", "300,400"})
  void colours(int width, int height) {
    byte[] samples = new byte[width * height * 3];
    new Random(2).nextBytes(samples);
    byte[] png = PngBytes.of(RgbImage.of(width, height, samples.clone()));
    RgbImage image = new ImageDecoder().decode(png, "png");
    assertThat(image.width()).isEqualTo(width);
    assertThat(image.pixels()).isEqualTo(samples);
  }

  @Test
  void classesAreGreySamples() throws IOException {
    LabelMap map = map(31, 17, 256);
    BufferedImage image = read(PngBytes.grey(map));
    assertThat(image.getRaster().getTransferType()).isEqualTo(DataBuffer.TYPE_BYTE);
    assertSamples(image, map);
  }

  @Test
  void manyClassesTakeSixteenBits() throws IOException {
    LabelMap map = map(31, 17, 65_536);
    BufferedImage image = read(PngBytes.indexed(map, Palette.generated(65_536)));
    assertThat(image.getRaster().getTransferType()).isEqualTo(DataBuffer.TYPE_USHORT);
    assertSamples(image, map);
  }

  @Test
  void indexedClassesHaveTheirColours() throws IOException {
    LabelMap map = map(5, 300, 3);
    BufferedImage image = read(PngBytes.indexed(map, Palette.of(0x010203, 0xFFFFFF, 0x800040)));
    assertThat(image.getColorModel()).isInstanceOf(IndexColorModel.class);
    assertSamples(image, map);
    IndexColorModel colours = (IndexColorModel) image.getColorModel();
    assertThat(colours.getRGB(0) & 0xFFFFFF).isEqualTo(0x010203);
    assertThat(colours.getRGB(2) & 0xFFFFFF).isEqualTo(0x800040);
  }
}
