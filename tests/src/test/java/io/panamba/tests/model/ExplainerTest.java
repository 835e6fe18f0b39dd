package io.panamba.tests.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Settings;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.deit.Deit;
import io.panamba.model.image.RgbImage;
import io.panamba.model.task.Explainer;
import io.panamba.model.task.Explanation;
import io.panamba.model.task.HeatMap;
import io.panamba.runtime.Device;
import io.panamba.tests.kit.GoldenFiles;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where networks see classes, and how far features reach. */
class ExplainerTest {
  private static final Duration LONG = Duration.ofMinutes(5);

  private static RgbImage noise(int width, int height) {
    byte[] pixels = new byte[width * height * 3];
    new Random(7).nextBytes(pixels);
    return RgbImage.of(width, height, pixels);
  }

  private static Explainer explainer(String name, Device device) {
    try (Checkpoint checkpoint = Checkpoint.open(GoldenFiles.path(name + ".safetensors"))) {
      return Explainer.load(checkpoint, device, Settings.none());
    }
  }

  /**
   * VMamba's answer is linear in the mean of the normalised map. A mean over pixels of the gradient
   * of a layer norm has a closed form: the map follows from weights and taps alone.
   */
  @Test
  void theMapOfVmambaInClosedForm() {
    String name = "vmamba_nano";
    int index = 1;
    try (Device device = Device.cpu(2);
        Network network = Network.open(GoldenFiles.path(name + ".safetensors"), device);
        Checkpoint file = Checkpoint.open(GoldenFiles.path(name + ".safetensors"));
        Explainer explainer = explainer(name, device)) {
      NetworkConfig config = network.config();
      int height = config.image().height();
      int width = config.image().width();
      RgbImage image = noise(width, height);
      HeatMap found = explainer.explain(image, index, LONG).map();
      InferenceOptions options = new InferenceOptions(1, height, width, true, true, true);
      try (Inference inference = network.plan(options)) {
        config.preprocessing().transform(height, width).apply(image, inference.image());
        inference.run();
        float[] map = inference.tap(config.stageOutputs().getLast().tap()).orElseThrow().toFloats();
        float[] weight = GoldenFiles.floats(file, "classifier.norm.weight");
        float[] head = GoldenFiles.floats(file, "classifier.head.weight");
        int channels = weight.length;
        int pixels = map.length / channels;
        double[] mean = new double[channels];
        for (int p = 0; p < pixels; p++) {
          double[] gradient = normGradient(map, p * channels, weight, head, index * channels);
          for (int c = 0; c < channels; c++) {
            mean[c] += gradient[c] / pixels / pixels;
          }
        }
        for (int p = 0; p < pixels; p++) {
          double sum = 0;
          for (int c = 0; c < channels; c++) {
            sum += mean[c] * map[p * channels + c];
          }
          assertThat((double) found.values()[p])
              .isCloseTo(Math.max(0, sum), within(1e-5 * (1 + Math.abs(sum))));
        }
      }
    }
  }

  /** The gradient of a row by {@code sum over c of head[c] weight[c] normalised[c]}. */
  private static double[] normGradient(float[] map, int at, float[] weight, float[] head, int row) {
    int channels = weight.length;
    double mean = 0;
    for (int c = 0; c < channels; c++) {
      mean += map[at + c] / (double) channels;
    }
    double variance = 0;
    for (int c = 0; c < channels; c++) {
      variance += (map[at + c] - mean) * (map[at + c] - mean) / channels;
    }
    double root = Math.sqrt(variance + 1e-5);
    double meanOut = 0;
    double meanProduct = 0;
    for (int c = 0; c < channels; c++) {
      double out = (double) head[row + c] * weight[c];
      meanOut += out / channels;
      meanProduct += out * (map[at + c] - mean) / root / channels;
    }
    double[] gradient = new double[channels];
    for (int c = 0; c < channels; c++) {
      double out = (double) head[row + c] * weight[c];
      gradient[c] = (out - meanOut - (map[at + c] - mean) / root * meanProduct) / root;
    }
    return gradient;
  }

  @ParameterizedTest
  @ValueSource(strings = {"vim_nano", "deit_nano", "mambaout_nano", "vmamba_nano"})
  void everyFamily(String name) {
    Settings settings = name.startsWith("deit") ? Settings.of(Deit.HEADS, 3) : Settings.none();
    try (Device device = Device.cpu(1);
        Checkpoint checkpoint = Checkpoint.open(GoldenFiles.path(name + ".safetensors"));
        Explainer explainer = Explainer.load(checkpoint, device, settings)) {
      NetworkConfig config = explainer.config();
      RgbImage image = noise(90, 70);
      Explanation best = explainer.predict(image);
      assertThat(best.probability()).isBetween(0f, 1f);
      for (float value : best.map().values()) {
        assertThat(value).isFinite().isNotNegative();
      }
      assertThat(explainer.explain(image, best.classIndex(), LONG).map().values())
          .containsExactly(best.map().values());
      HeatMap field = explainer.receptiveField(List.of(image, noise(40, 40)));
      assertThat(field.height()).isEqualTo(config.image().height());
      assertThat(field.scaled().values()).contains(1f);
    }
  }

  /** Features of MambaOut depend on their neighbourhood; what is near counts most. */
  @Test
  void theFieldIsAroundTheCentre() {
    try (Device device = Device.cpu(1);
        Checkpoint checkpoint = Network.defaultCheckpoint();
        Explainer explainer = Explainer.load(checkpoint, device, Settings.none())) {
      HeatMap field = explainer.receptiveField(List.of(noise(32, 32), noise(50, 32)));
      int side = field.height();
      double inner = 0;
      double all = 0;
      for (int i = 0; i < side * side; i++) {
        int y = i / side;
        int x = i % side;
        all += field.values()[i];
        boolean near = Math.abs(y - side / 2) < side / 4 && Math.abs(x - side / 2) < side / 4;
        inner += near ? field.values()[i] : 0;
      }
      assertThat(inner).isGreaterThan(all / 4 * 1.5);
    }
  }

  @Test
  void threadsGetTheSameMaps() {
    try (Device device = Device.cpu(1);
        Explainer explainer = explainer("vim_nano", device)) {
      RgbImage image = noise(32, 32);
      float[] first = explainer.predict(image).map().values();
      assertThat(
              IntStream.range(0, 8)
                  .parallel()
                  .mapToObj(_ -> explainer.predict(image).map().values())
                  .toList())
          .allSatisfy(values -> assertThat(values).containsExactly(first));
    }
  }

  @Test
  void closedOnesAreRefused() {
    try (Device device = Device.cpu(1)) {
      Explainer closed;
      try (Explainer explainer = explainer("vim_nano", device)) {
        closed = explainer;
      }
      assertThatThrownBy(() -> closed.predict(noise(32, 32)))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void whatCantBeExplained() {
    try (Device device = Device.cpu(1);
        Explainer explainer = explainer("vim_nano", device)) {
      RgbImage image = noise(1, 40);
      assertThat(explainer.predict(image).map().values()).isNotEmpty();
      int classes = explainer.config().classes();
      assertThatThrownBy(() -> explainer.explain(image, classes, LONG))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> explainer.receptiveField(List.of()))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> explainer("dense/vim_nano_upernet", device))
          .isInstanceOf(WeightsException.class);
    }
  }
}
