package io.panamba.tests.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.panamba.model.Network;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.detection.Box;
import io.panamba.model.detection.Detection;
import io.panamba.model.detection.Mask;
import io.panamba.model.image.ImageDecoder;
import io.panamba.model.image.RgbImage;
import io.panamba.model.task.DetectionOptions;
import io.panamba.model.task.Detector;
import io.panamba.runtime.Device;
import io.panamba.tests.kit.GoldenFiles;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pictures become detections. */
class DetectorTest {
  private static final String NAME = "dense/vim_nano_cascade";
  private static final float SCORE = 2e-4f;
  private static final float PIXELS = 1e-2f;

  private static Network open(Device device) {
    return Network.open(GoldenFiles.path(NAME + ".safetensors"), device);
  }

  private static RgbImage picture() {
    return new ImageDecoder().upright().decode(GoldenFiles.path(NAME + ".png"));
  }

  @Test
  void aPictureHasTheOriginalsDetections() {
    try (Checkpoint expected = Checkpoint.open(GoldenFiles.path(NAME + ".expected.safetensors"));
        Device device = Device.cpu(2);
        Network network = open(device);
        Detector detector = new Detector(network, network.labels(), 1)) {
      List<Detection> found = detector.predict(picture());
      float[] boxes = GoldenFiles.floats(expected, "png.boxes");
      float[] scores = GoldenFiles.floats(expected, "png.scores");
      byte[] masks = bytes(expected, "png.masks");
      assertThat(found).hasSize(scores.length);
      for (int i = 0; i < scores.length; i++) {
        Detection detection = found.get(i);
        assertThat(detection.score()).isCloseTo(scores[i], within(SCORE));
        Box box = detection.box();
        assertThat(new float[] {box.x0(), box.y0(), box.x1(), box.y1()})
            .containsExactly(Arrays.copyOfRange(boxes, 4 * i, 4 * i + 4), within(PIXELS));
        assertThat(intersectionOverUnion(detection.mask(), masks, i)).isGreaterThan(0.995);
      }
    }
  }

  private static byte[] bytes(Checkpoint file, String key) {
    byte[] bytes = new byte[Math.toIntExact(file.find(key).orElseThrow().byteSize())];
    file.find(key).orElseThrow().read(0, MemorySegment.ofArray(bytes));
    return bytes;
  }

  /** Bits, 8 pixels of a row to a byte, highest first. */
  private static double intersectionOverUnion(Mask mask, byte[] bits, int index) {
    int line = (mask.width() + 7) / 8;
    int both = 0;
    int either = 0;
    for (int y = 0; y < mask.height(); y++) {
      for (int x = 0; x < mask.width(); x++) {
        int place = (index * mask.height() + y) * line + x / 8;
        boolean wanted = (bits[place] >> (7 - x % 8) & 1) != 0;
        boolean has = mask.contains(x, y);
        both += wanted && has ? 1 : 0;
        either += wanted || has ? 1 : 0;
      }
    }
    return either == 0 ? 1 : (double) both / either;
  }

  @Test
  void optionsLimitWhatIsFound() {
    try (Device device = Device.cpu(1);
        Network network = open(device);
        Detector few =
            new Detector(network, network.labels(), 1, new DetectionOptions(0.1f, 3, false))) {
      List<Detection> found = few.predict(picture());
      assertThat(found).hasSizeLessThanOrEqualTo(3);
      assertThat(found)
          .allSatisfy(
              detection -> {
                assertThat(detection.mask()).isNull();
                assertThat(detection.score()).isGreaterThan(0.1f);
              });
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "1, 300", "300, 1"})
  void narrowPictures(int width, int height) {
    try (Device device = Device.cpu(1);
        Network network = open(device);
        Detector detector = new Detector(network, network.labels(), 1)) {
      assertThat(detector.predict(RgbImage.of(width, height, new byte[width * height * 3])))
          .allSatisfy(
              detection -> {
                assertThat(detection.box().x1()).isLessThanOrEqualTo(width);
                assertThat(detection.box().y1()).isLessThanOrEqualTo(height);
              });
    }
  }

  @Test
  void threadsGetTheSameDetections() {
    RgbImage picture = picture();
    try (Device device = Device.cpu(1);
        Network network = open(device);
        Detector detector = new Detector(network, network.labels(), 2)) {
      List<Detection> first = detector.predict(picture);
      assertThat(IntStream.range(0, 6).parallel().mapToObj(_ -> detector.predict(picture)).toList())
          .allSatisfy(found -> assertThat(found).isEqualTo(first));
    }
  }
}
