package io.panamba.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.model.Network;
import io.panamba.model.NonFiniteException;
import io.panamba.model.architecture.Settings;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.SafetensorsWriter;
import io.panamba.model.image.ImageDecoder;
import io.panamba.model.image.RgbImage;
import io.panamba.model.task.Classifier;
import io.panamba.model.task.FeatureExtractor;
import io.panamba.runtime.Device;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.tests.training.Digits;
import java.awt.Color;
import java.awt.Graphics;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** NaN and infinity are no results. */
class NonFiniteTest {
  private static final Path NANO = Cli.golden("vim_nano.safetensors");

  @TempDir private Path folder;

  /** A copy of the network with a changed tensor. */
  private Path weights(String changed, UnaryOperator<float[]> change) {
    Path file = folder.resolve("weights.safetensors");
    try (Arena arena = Arena.ofConfined();
        Checkpoint checkpoint = Checkpoint.open(NANO)) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      for (String key : checkpoint.keys()) {
        var stored = checkpoint.find(key).orElseThrow();
        float[] values = stored.toFloats();
        tensors.put(
            key,
            Tensor.of(arena, stored.shape(), key.equals(changed) ? change.apply(values) : values));
      }
      assertThat(tensors).containsKey(changed);
      SafetensorsWriter.write(file, tensors, checkpoint.metadata());
    }
    return file;
  }

  private Path weights(String changed, float value) {
    return weights(
        changed,
        values -> {
          values[0] = value;
          return values;
        });
  }

  private Path picture(String name, int grey) throws IOException {
    Path file = folder.resolve(name);
    BufferedImage image = new BufferedImage(40, 40, BufferedImage.TYPE_INT_RGB);
    Graphics graphics = image.getGraphics();
    graphics.setColor(new Color(grey, grey, grey));
    graphics.fillRect(0, 0, 40, 40);
    ImageIO.write(image, "png", file.toFile());
    return file;
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
  void areRefusedByEveryCommand(float value) throws IOException {
    Path weights = weights("layers.0.mixer.D", value);
    Path picture = picture("1.png", 120);
    Path output = Files.writeString(folder.resolve("o"), "old");
    assertThat(Cli.run("classify", picture, "--weights", weights).error())
        .contains(picture.toString())
        .contains("logits: number 0 of 10 is NaN");
    for (String size : new String[] {"--image-size=32", "--full-size"}) {
      Cli.Result result = Cli.run("embed", picture, "--weights", weights, "--output", output, size);
      assertThat(result.code()).isEqualTo(1);
      assertThat(result.err())
          .contains(picture + ": features: number 0 of 32 is NaN")
          .contains("there are no features of any image");
    }
    Path image = Cli.write(folder.resolve("i"), "image", Shape.of(1, 3, 32, 32), new float[3072]);
    assertThat(
            Cli.run("forward", "--weights", weights, "--input", image, "--output", output).error())
        .contains("image 0 in " + image + ": logits: number 0");
    assertThat(output).hasContent("old");
    Cli.Result trained =
        Cli.run(
            "train",
            "--data",
            Digits.some(folder.resolve("digits"), 40),
            "--output",
            folder.resolve("n.safetensors"),
            "--weights",
            weights,
            "--batch-size",
            8,
            "--epochs",
            1);
    assertThat(trained.code()).isEqualTo(1);
    assertThat(trained.err()).contains("the loss is NaN in step 1");
    assertThat(folder.resolve("n.safetensors")).doesNotExist();
  }

  @Test
  void ofOneImageLeaveTheOthers() throws IOException {
    Path weights =
        weights(
            "patch_embed.proj.weight",
            values -> {
              for (int i = 0; i < values.length; i++) {
                values[i] = Math.clamp(values[i] * 1e38f * 10, -3e38f, 3e38f);
              }
              return values;
            });
    Path grey = picture("grey.png", 120);
    Path white = picture("white.png", 255);
    Path output = folder.resolve("o");
    assertThat(Cli.run("embed", grey, white, "--weights", weights, "--output", output).error())
        .contains(white + ": features: number 0 of 32 is NaN");
    assertThat(Cli.shape(output, "features")).isEqualTo(Shape.of(1, 32));
    Cli.Result answers = Cli.run("classify", grey, white, "--weights", weights, "--json");
    assertThat(answers.json().at("/0/classes")).hasSize(5);
    assertThat(answers.json().at("/1/error").asString()).contains("white.png: logits");
    assertThat(answers.code()).isEqualTo(1);
  }

  @Test
  void ofAnInputAreRefusedByItsIndex() {
    float[] values = new float[12 * 3072];
    values[9 * 3072] = Float.NaN;
    Path image = Cli.write(folder.resolve("i"), "image", Shape.of(12, 3, 32, 32), values);
    Path output = folder.resolve("o");
    assertThat(Cli.run("forward", "--weights", NANO, "--input", image, "--output", output).error())
        .contains("image 9 in " + image);
    assertThat(output).doesNotExist();
  }

  @Test
  void areTypedErrorsForAnApplication() throws IOException {
    Path weights = weights("norm_f.weight", Float.NEGATIVE_INFINITY);
    RgbImage image = new ImageDecoder().decode(picture("1.png", 120));
    try (Device device = Device.cpu(1);
        Network vim = Network.open(weights, device, Settings.none());
        Classifier classifier = new Classifier(vim, vim.labels(), 1);
        FeatureExtractor extractor = new FeatureExtractor(vim, 1)) {
      assertThatThrownBy(() -> classifier.logits(image)).isInstanceOf(NonFiniteException.class);
      assertThatThrownBy(() -> classifier.classify(image, 5))
          .isInstanceOf(NonFiniteException.class)
          .hasMessageContaining("logits");
      assertThatThrownBy(() -> extractor.features(image))
          .isInstanceOf(NonFiniteException.class)
          .hasMessageContaining("features");
      float[] raw = extractor.extract(image, inference -> inference.features().toFloats());
      assertThat(raw[0]).isInfinite();
    }
  }
}
