package io.panamba.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.Shape;
import io.panamba.tests.training.Digits;
import io.panamba.tests.training.Squares;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferByte;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training from the command line. */
class TrainCommandTest {
  @TempDir private Path folder;

  private static List<Object> arguments(Path data, Path output, Object... more) {
    List<Object> all =
        new ArrayList<>(List.of("train", "--data", data, "--output", output, "--no-progress"));
    all.addAll(Arrays.asList(more));
    Map.of("--augment", "drawing", "--batch-size", 8, "--epochs", 2)
        .forEach(
            (name, value) -> {
              if (!all.contains(name)) {
                all.addAll(List.of(name, value));
              }
            });
    return all;
  }

  private Cli.Result train(Path data, Path output, Object... more) {
    return Cli.run(arguments(data, output, more).toArray());
  }

  private Path digits() {
    return Digits.some(folder.resolve("digits.safetensors"), 60);
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void writesANetworkItsMetricsAndTheirCurves() throws IOException {
    Path output = folder.resolve("nano.safetensors");
    Cli.Result result = train(digits(), output, "--model", "nano");
    assertThat(result.code()).isZero();
    assertThat(result.out())
        .matches(
            output
                + ": 10 classes, 48,298 parameters, [0-9.]+ % of 12 images held out are right\n");
    assertThat(result.err().lines())
        .hasSize(3)
        .anyMatch(
            line -> line.startsWith("48,298 parameters; 48 images, 12 held out; 6 steps an epoch"))
        .anyMatch(line -> line.matches("epoch 1/2  loss .*  held out: loss .* %  lr .* s"));
    assertThat(files())
        .containsExactly("digits.safetensors", "nano.csv", "nano.safetensors", "nano.svg");
    List<String> metrics = Files.readAllLines(folder.resolve("nano.csv"));
    assertThat(metrics)
        .hasSize(3)
        .startsWith(
            "epoch,training_loss,held_out_loss,held_out_accuracy,held_out_iou,learning_rate,seconds");
    assertThat(metrics.get(2).split(",")).hasSize(7).startsWith("2");
    assertThat(folder.resolve("nano.svg")).content().startsWith("<svg ").endsWith("</svg>\n");

    Path picture = folder.resolve("digit.png");
    BufferedImage image = new BufferedImage(40, 40, BufferedImage.TYPE_INT_RGB);
    ImageIO.write(image, "png", picture.toFile());
    assertThat(
            Cli.run("classify", picture, "--weights", output, "--json")
                .ok()
                .json()
                .at("/0/classes"))
        .hasSize(5);
    try (Checkpoint trained = Checkpoint.open(output);
        Checkpoint golden = Checkpoint.open(Cli.golden("vim_nano.safetensors"))) {
      assertThat(trained.keys()).containsExactlyInAnyOrderElementsOf(golden.keys());
      assertThat(trained.metadata()).containsEntry("format", "pt");
    }
  }

  @Test
  void classesOfPixelsAreTrainedAndSegmented() throws IOException {
    Path data = Squares.write(folder.resolve("squares"), 12);
    Path output = folder.resolve("head.safetensors");
    Path classifier = folder.resolve("mini.safetensors");
    Cli.run("init", "--model", "mini", "--output", classifier).ok();
    Cli.Result result =
        train(
            data,
            output,
            "--augment",
            "photo",
            "--model",
            "upernet-vim-mini",
            "--image-size",
            "32",
            "--backbone",
            classifier,
            "--freeze-backbone");
    assertThat(result.err().lines())
        .anyMatch(
            line -> line.matches("epoch 2/2  loss .*  held out: mIoU .* %, .* % of pixels .*"));
    assertThat(result.out())
        .matches(".*: 3 classes, .* mIoU [0-9.]+ % and [0-9.]+ % of the pixels of 2 images .*\n");
    assertThat(Files.readAllLines(folder.resolve("head.csv")).get(1))
        .matches("1,[0-9.]+,,[0-9.]+,[0-9.]+,.*");
    assertThat(folder.resolve("head.svg")).content().contains("mIoU in %").doesNotContain("NaN");
    try (Checkpoint trained = Checkpoint.open(output);
        Checkpoint below = Checkpoint.open(classifier)) {
      String key = "layers.4.mixer.out_proj.weight";
      assertThat(trained.find("backbone." + key).orElseThrow().toFloats())
          .isEqualTo(below.find(key).orElseThrow().toFloats());
    }
    Path map = folder.resolve("map.png");
    Path picture = data.resolve("images/0.png");
    Cli.Result segmented =
        Cli.run("segment", picture, "--weights", output, "--output", map, "--json").ok();
    assertThat(segmented.json().at("/0/classes/0/label").asString()).isIn("grey", "red", "green");
    assertThat(ImageIO.read(map.toFile()).getWidth()).isEqualTo(48);
    Path other = folder.resolve("other.safetensors");
    assertThat(train(data, other, "--weights", output, "--backbone", classifier).misuse())
        .contains("--backbone is for --model");
    assertThat(train(data, other, "--model", "mini", "--augment", "photo").error())
        .contains("the data has a class for each pixel");
    assertThat(train(data, other, "--model", "upernet-vim-mini").error())
        .contains("masks can't follow");
    assertThat(train(digits(), other, "--model", "nano", "--freeze-backbone").misuse())
        .contains("no backbone apart");
    assertThat(train(digits(), other, "--model", "nano", "--zero-unlabelled").error())
        .contains("expected folders 'images' and 'masks'");
  }

  @Test
  void goesOnFromACheckpointWithOtherClassesAndAnotherSize() throws IOException {
    Path data = folder.resolve("pictures");
    for (int i = 0; i < 12; i++) {
      Path file =
          data.resolve((i % 3 == 0 ? "dark/" : i % 3 == 1 ? "grey/" : "light/") + i + ".png");
      Files.createDirectories(file.getParent());
      BufferedImage image = new BufferedImage(50, 40, BufferedImage.TYPE_BYTE_GRAY);
      Arrays.fill(
          ((DataBufferByte) image.getRaster().getDataBuffer()).getData(), (byte) (i % 3 * 120));
      ImageIO.write(image, "png", file.toFile());
    }
    Path output = folder.resolve("fine.safetensors");
    Cli.Result result =
        train(
            data,
            output,
            "--augment",
            "photo",
            "--weights",
            Cli.golden("vim_nano.pth"),
            "--image-size",
            48,
            "--batch-size",
            3,
            "--held-out",
            0.25,
            "--epochs",
            20,
            "--lr",
            "3e-3");
    assertThat(result.out()).contains("3 classes", "100.00 % of 3 images held out are right");
    assertThat(Cli.shape(output, "head.weight")).isEqualTo(Shape.of(3, 32));
    assertThat(Cli.shape(output, "pos_embed")).isEqualTo(Shape.of(1, 37, 32));
    Path dark = data.resolve("dark/0.png");
    assertThat(Cli.run("classify", dark, "--weights", output, "--top", 1).ok().out())
        .endsWith("0  dark\n");
  }

  /** What a smaller file of another stride and class token is has to survive the way through it. */
  @Test
  void theFileSaysWhatShapesDoNot() {
    Path output = folder.resolve("head.safetensors");
    train(
        digits(),
        output,
        "--model",
        "nano",
        "--stride",
        4,
        "--class-token",
        "head",
        "--image-size",
        34);
    assertThat(Cli.run("info", "--weights", output, "--json").ok().json().at("/weights").toString())
        .contains("\"class_token\":\"head\"")
        .contains("\"stride\":4")
        .contains("\"image_size\":\"34x34\"");
  }

  /** What a process that was killed while it wrote left behind, and files of others. */
  @Test
  void removesPartsOfItsOwnFiles() throws IOException {
    String uuid = "9b2e7a40-1111-4222-8333-444455556666";
    for (String name : List.of(".n.safetensors.", ".n.state.safetensors.", ".nn.safetensors.")) {
      Files.createFile(folder.resolve(name + uuid + ".part"));
    }
    train(digits(), folder.resolve("n.safetensors"), "--model", "nano", "--epochs", 1);
    assertThat(files())
        .containsExactly(
            ".nn.safetensors." + uuid + ".part",
            "digits.safetensors",
            "n.csv",
            "n.safetensors",
            "n.svg");
  }

  @Test
  void theSameBitsOnOneThreadAndOnTwo() throws IOException {
    Path one = folder.resolve("one.safetensors");
    Path two = folder.resolve("two.safetensors");
    Path data = digits();
    train(data, one, "--model", "nano", "--threads", 1, "--drop-path", 0.1);
    train(data, two, "--model", "nano", "--threads", 2, "--drop-path", 0.1);
    assertThat(one).hasSameBinaryContentAs(two);
  }

  @Test
  void refusesToLoseARun() throws IOException {
    Path output = folder.resolve("n.safetensors");
    Path state = Files.writeString(folder.resolve("n.state.safetensors"), "something");
    assertThat(train(digits(), output, "--model", "nano").error())
        .contains("--resume goes on with it");
    assertThat(train(digits(), output, "--model", "nano", "--resume").error())
        .contains(state.toString());
    assertThat(state).hasContent("something");
    Files.delete(state);
    Files.writeString(output, "a network");
    assertThat(train(digits(), output, "--model", "nano", "--resume").error())
        .contains("that run has ended");
    assertThat(output).hasContent("a network");
  }

  @Test
  void refusesWhatItCannotDo() throws IOException {
    Path output = folder.resolve("n.safetensors");
    Path data = digits();
    assertThat(train(data, output).misuse()).contains("--model").contains("--weights");
    assertThat(
            train(data, output, "--model", "nano", "--weights", Cli.golden("vim_nano.pth"))
                .misuse())
        .contains("mutually exclusive");
    assertThat(train(data, output, "--model", "nano", "--device", "cuda").misuse())
        .contains("training runs on cpu");
    assertThat(train(data, output, "--model", "nano", "--drop-path", 1).misuse())
        .contains("drop path is from 0 to below 1");
    assertThat(train(folder.resolve("none"), output, "--model", "nano").error())
        .contains("there is no such file or folder");
    assertThat(train(data, data, "--model", "nano").error())
        .contains("is the data, and would be replaced");
    assertThat(train(data, folder.resolve("no/n.safetensors"), "--model", "nano").error())
        .contains("there is no folder");
    assertThat(train(data, output, "--model", "nano", "--image-size", "32x64").error())
        .contains("square grid");
    assertThat(files()).containsExactly("digits.safetensors");
  }
}
