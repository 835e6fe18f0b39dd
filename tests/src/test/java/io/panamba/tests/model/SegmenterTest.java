package io.panamba.tests.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.model.Architectures;
import io.panamba.model.Architectures.Preset;
import io.panamba.model.Labels;
import io.panamba.model.Network;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.Settings;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.SafetensorsWriter;
import io.panamba.model.checkpoint.StoredTensor;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.image.ImageDecoder;
import io.panamba.model.image.RgbImage;
import io.panamba.model.segmentation.LabelMap;
import io.panamba.model.segmentation.Segmentation;
import io.panamba.model.task.Classifier;
import io.panamba.model.task.Detector;
import io.panamba.model.task.SegmentationOptions;
import io.panamba.model.task.Segmenter;
import io.panamba.runtime.Device;
import io.panamba.tests.kit.GoldenFiles;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pictures become label maps. */
class SegmenterTest {
  private static Network open(String name, Device device) {
    return Network.open(GoldenFiles.path("dense/" + name + ".safetensors"), device);
  }

  private static byte[] bytes(Checkpoint file, String key) {
    StoredTensor stored = file.find(key).orElseThrow();
    byte[] bytes = new byte[Math.toIntExact(stored.byteSize())];
    stored.read(0, MemorySegment.ofArray(bytes));
    return bytes;
  }

  /** Decoding, resize, windows, both resizes, the best class: only near ties may differ. */
  @ParameterizedTest
  @ValueSource(strings = {"vim_nano_upernet", "vim_nano_upernet_stream"})
  void aPictureHasTheOriginalsLabels(String name) {
    RgbImage picture =
        new ImageDecoder().upright().decode(GoldenFiles.path("dense/" + name + ".png"));
    try (Checkpoint expected =
            Checkpoint.open(GoldenFiles.path("dense/" + name + ".expected.safetensors"));
        Device device = Device.cpu(2);
        Network network = open(name, device);
        Segmenter segmenter = new Segmenter(network, network.labels(), 1)) {
      LabelMap labels = segmenter.predict(picture).labels();
      byte[] wanted = bytes(expected, "png.labels");
      byte[] nearTie = bytes(expected, "png.near_tie");
      assertThat(labels.labels()).hasSize(wanted.length);
      int others = 0;
      for (int i = 0; i < wanted.length; i++) {
        if (labels.labels()[i] != wanted[i]) {
          assertThat(nearTie[i]).as("pixel %d", i).isEqualTo((byte) 1);
          others++;
        }
      }
      assertThat(others).isLessThan(wanted.length / 100);
    }
  }

  @Test
  void stagesSeeThePictureAtOnce() {
    try (Device device = Device.cpu(1);
        Network network =
            Network.open(
                GoldenFiles.path("dense/vmamba_nano_upernet.safetensors"),
                device,
                Settings.none().withImageSize(new ImageSize(64, 64)));
        Segmenter segmenter = new Segmenter(network, network.labels(), 1)) {
      Segmentation segmentation = segmenter.predict(RgbImage.of(50, 90, new byte[50 * 90 * 3]));
      assertThat(segmentation.labels().width()).isEqualTo(50);
      assertThat(segmentation.labels().height()).isEqualTo(90);
    }
  }

  @Test
  void aVimMaySeeThePictureAtOnceToo() {
    try (Device device = Device.cpu(1);
        Network network = open("vim_nano_upernet", device);
        Segmenter segmenter =
            new Segmenter(network, network.labels(), 1, new SegmentationOptions(true, 0))) {
      assertThat(segmenter.predict(RgbImage.of(70, 40, new byte[70 * 40 * 3])).present())
          .isNotEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "1, 200", "200, 1", "3, 17"})
  void narrowPictures(int width, int height) {
    try (Device device = Device.cpu(1);
        Network network = open("vim_nano_upernet", device);
        Segmenter segmenter = new Segmenter(network, network.labels(), 1)) {
      LabelMap labels =
          segmenter.predict(RgbImage.of(width, height, new byte[width * height * 3])).labels();
      assertThat(labels.width()).isEqualTo(width);
      assertThat(labels.height()).isEqualTo(height);
    }
  }

  @Test
  void threadsGetTheSameLabels() {
    RgbImage picture = new ImageDecoder().decode(GoldenFiles.path("dense/vim_nano_upernet.png"));
    try (Device device = Device.cpu(1);
        Network network = open("vim_nano_upernet", device);
        Segmenter segmenter = new Segmenter(network, network.labels(), 3)) {
      short[] first = segmenter.predict(picture).labels().labels();
      List<short[]> all =
          IntStream.range(0, 12)
              .parallel()
              .mapToObj(_ -> segmenter.predict(picture).labels().labels())
              .toList();
      assertThat(all).allSatisfy(labels -> assertThat(labels).isEqualTo(first));
    }
  }

  @Test
  void networksOfOtherTasksAreRefused() {
    try (Device device = Device.cpu(1);
        Network segmentation = open("vim_nano_upernet", device);
        Network digits = Network.openDefault(device, Settings.none())) {
      Labels labels = segmentation.labels();
      assertThatThrownBy(() -> new Classifier(segmentation, labels, 1))
          .isInstanceOf(WeightsException.class)
          .hasMessageContaining("segmentation");
      assertThatThrownBy(() -> new Detector(segmentation, labels, 1))
          .isInstanceOf(WeightsException.class);
      assertThatThrownBy(() -> new Segmenter(digits, digits.labels(), 1))
          .isInstanceOf(WeightsException.class)
          .hasMessageContaining("classification");
      assertThatThrownBy(
              () -> new Segmenter(segmentation, labels, 1, new SegmentationOptions(false, 65)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("gaps");
    }
  }

  /** As mmsegmentation's trainer saves them, in the file's meta. */
  @Test
  void namesAndColoursAreTheTrainers() {
    try (Device device = Device.cpu(1);
        Network network = Network.open(GoldenFiles.path("dense/vim_nano_upernet.pth"), device);
        Segmenter segmenter = new Segmenter(network, network.labels(), 1)) {
      Segmentation segmentation =
          segmenter.predict(RgbImage.of(64, 64, new byte[64 * 64 * RgbImage.CHANNELS]));
      assertThat(segmentation.names()).hasSize(11).startsWith("class 0").endsWith("class 10");
      assertThat(segmentation.palette().colour(0)).isEqualTo(0x00FF07);
      assertThat(segmentation.palette().colour(9)).isEqualTo(0xB44B07);
    }
  }

  @Test
  void namesThatAreNotAsManyAsTheClassesAreLeftOut(@TempDir Path folder) {
    Preset<?> preset = Architectures.preset("nano");
    int classes = preset.config(Settings.none()).classes();
    String names = "name\n".repeat(classes);
    assertThat(firstName(folder.resolve("as-many"), preset, names)).isEqualTo("name");
    assertThat(firstName(folder.resolve("more"), preset, names + "other")).isNotEqualTo("name");
  }

  private static String firstName(Path file, Preset<?> preset, String names) {
    try (Arena arena = Arena.ofConfined()) {
      SafetensorsWriter.write(
          file, preset.draw(Settings.none(), 1, arena), Map.of(Checkpoint.CLASSES, names));
    }
    try (Device device = Device.cpu(1);
        Network network = Network.open(file, device)) {
      return network.labels().name(0);
    }
  }
}
