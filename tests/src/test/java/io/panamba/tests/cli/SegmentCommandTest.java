package io.panamba.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.SafetensorsWriter;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.tests.kit.GoldenFiles;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The command that tells the class of every pixel. */
class SegmentCommandTest {
  private static final String WEIGHTS =
      GoldenFiles.path("dense/vim_nano_upernet.safetensors").toString();
  private static final String PICTURE = GoldenFiles.path("dense/vim_nano_upernet.png").toString();

  @TempDir private Path folder;

  @Test
  void theMapHasThePicturesSizeAndClasses() throws IOException {
    Path map = folder.resolve("map.png");
    Path overlay = folder.resolve("overlay.png");
    Cli.Result run =
        Cli.run(
            "segment",
            PICTURE,
            "--weights",
            WEIGHTS,
            "--output",
            map.toString(),
            "--overlay",
            overlay.toString(),
            "--json");
    assertThat(run.code()).as(run.err()).isZero();
    BufferedImage labels = ImageIO.read(map.toFile());
    assertThat(labels.getWidth()).isEqualTo(131);
    assertThat(labels.getHeight()).isEqualTo(90);
    int[] counts = new int[11];
    for (int y = 0; y < 90; y++) {
      for (int x = 0; x < 131; x++) {
        counts[labels.getRaster().getSample(x, y, 0)]++;
      }
    }
    BufferedImage drawing = ImageIO.read(overlay.toFile());
    assertThat(drawing.getWidth()).isGreaterThanOrEqualTo(131);
    assertThat(drawing.getHeight()).isGreaterThan(90);
    JsonNode answer = run.json().get(0);
    double sum = 0;
    for (JsonNode one : answer.get("classes")) {
      int index = one.get("index").asInt();
      assertThat(one.get("share").asDouble()).isEqualTo(counts[index] / (131.0 * 90));
      sum += one.get("share").asDouble();
    }
    assertThat(sum).isCloseTo(1, within(1e-9));
  }

  @Test
  void severalPicturesGoToAFolder() throws IOException {
    Path copy = Files.copy(Path.of(PICTURE), folder.resolve("other.png"));
    Path maps = folder.resolve("maps");
    Cli.Result run =
        Cli.run(
            "segment", PICTURE, copy.toString(), "--weights", WEIGHTS, "--output", maps.toString());
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(maps.resolve("vim_nano_upernet.png")).exists();
    assertThat(maps.resolve("other.png")).exists();
  }

  @Test
  void twoPicturesOfOneNameAreRefusedBeforehand() throws IOException {
    Path other = Files.createDirectory(folder.resolve("deeper")).resolve("vim_nano_upernet.png");
    Files.copy(Path.of(PICTURE), other);
    Cli.Result run =
        Cli.run(
            "segment",
            PICTURE,
            other.toString(),
            "--weights",
            WEIGHTS,
            "--output",
            folder.resolve("maps").toString());
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("would both become");
  }

  @Test
  void aPictureIsNotReplaced() throws IOException {
    Path copy = Files.copy(Path.of(PICTURE), folder.resolve("copy.png"));
    Cli.Result run =
        Cli.run("segment", copy.toString(), "--weights", WEIGHTS, "--output", copy.toString());
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("would be replaced");
    assertThat(copy).hasSameBinaryContentAs(Path.of(PICTURE));
  }

  @Test
  void whatCantBeReadIsReportedAndTheOthersAreDone() throws IOException {
    Path text = Files.writeString(folder.resolve("text.png"), "no picture");
    Path maps = folder.resolve("maps");
    Cli.Result run =
        Cli.run(
            "segment", text.toString(), PICTURE, "--weights", WEIGHTS, "--output", maps.toString());
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("text.png");
    assertThat(maps.resolve("vim_nano_upernet.png")).exists();
    assertThat(maps.resolve("text.png")).doesNotExist();
  }

  @Test
  void windowsAndStridesThatMakeNoSenseAreRefused() {
    Cli.Result run = Cli.run("segment", PICTURE, "--weights", WEIGHTS, "--stride", "65");
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("gaps");
    assertThat(Cli.run("segment", PICTURE, "--weights", WEIGHTS, "--stride", "0").code())
        .isEqualTo(2);
    assertThat(Cli.run("segment", PICTURE, "--weights", WEIGHTS, "--window", "8").code())
        .isEqualTo(1);
  }

  @Test
  void wholeImages() {
    Cli.Result run = Cli.run("segment", PICTURE, "--weights", WEIGHTS, "--whole", "--json");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.json().get(0).get("width").asInt()).isEqualTo(131);
  }

  @Test
  void otherNetworksAreRefused() {
    String vim = GoldenFiles.path("vim_nano.safetensors").toString();
    Cli.Result run = Cli.run("segment", PICTURE, "--weights", vim);
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("classification").contains("segmentation");
    assertThat(Cli.run("classify", PICTURE, "--weights", WEIGHTS).err()).contains("segmentation");
  }

  /** A head of other sizes, and one that lacks a tensor, are named. */
  @Test
  void wrongHeadsAreRefused() {
    Path wrong = folder.resolve("wrong.safetensors");
    rewrite(wrong, "decode_head.fpn_convs.1.conv.weight", Shape.of(12, 13, 3, 3));
    Cli.Result run = Cli.run("segment", PICTURE, "--weights", wrong.toString());
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("decode_head.fpn_convs.1.conv.weight");
    rewrite(wrong, "decode_head.bottleneck.bn.running_var", null);
    assertThat(Cli.run("segment", PICTURE, "--weights", wrong.toString()).err())
        .contains("decode_head.bottleneck");
    rewrite(wrong, "decode_head.bottleneck.bn.running_mean", Shape.of(3));
    assertThat(Cli.run("segment", PICTURE, "--weights", wrong.toString()).err())
        .contains("decode_head.bottleneck.bn.running_mean");
    rewrite(wrong, "backbone.fpn1.0.weight", Shape.of(24, 5, 2, 2));
    assertThat(Cli.run("segment", PICTURE, "--weights", wrong.toString()).err())
        .contains("backbone.fpn1");
  }

  /** Copies the weights with one tensor of another shape, or without it. */
  private static void rewrite(Path target, String key, Shape shape) {
    try (Checkpoint file = Checkpoint.open(Path.of(WEIGHTS));
        Arena arena = Arena.ofConfined()) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      for (String name : file.keys()) {
        var stored = file.find(name).orElseThrow();
        if (!stored.dtype().isFloating()) {
          continue;
        }
        if (!name.equals(key)) {
          tensors.put(name, Tensor.of(arena, stored.shape(), stored.toFloats()));
        } else if (shape != null) {
          tensors.put(name, Tensor.of(arena, shape, new float[(int) shape.elements()]));
        }
      }
      SafetensorsWriter.write(target, tensors, Map.of());
    }
  }
}
