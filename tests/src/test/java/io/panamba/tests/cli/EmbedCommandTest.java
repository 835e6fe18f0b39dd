package io.panamba.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.Settings;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.image.ImageDecoder;
import io.panamba.model.image.LargeImage;
import io.panamba.model.task.FeatureExtractor;
import io.panamba.runtime.Device;
import io.panamba.runtime.Shape;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Folders to features. */
class EmbedCommandTest {
  private static final Path NANO = Cli.golden("vim_nano.pth");
  private static final int DIM = 32;

  @TempDir private Path folder;
  private Path images;
  private Path output;

  @BeforeEach
  void collect() throws IOException {
    images = folder.resolve("images");
    output = folder.resolve("features.safetensors");
    Files.createDirectories(images.resolve("more/deep"));
    Files.copy(Cli.golden("images/rocket.jpg"), images.resolve("a \"rocket\".jpg"));
    Files.copy(Cli.golden("images/horse.png"), images.resolve("more/deep/horse.PNG"));
    Files.copy(Cli.golden("images/coins.png"), images.resolve("more/coins.png"));
    Files.copy(Cli.golden("images/chelsea.png"), images.resolve("z.png"));
  }

  private Cli.Result embed(Object... more) {
    List<Object> args = new ArrayList<>(List.of("embed", "--weights", NANO, "--output", output));
    args.addAll(Arrays.asList(more));
    return Cli.run(args.toArray());
  }

  private Map<String, String> metadata() {
    try (Checkpoint checkpoint = Checkpoint.open(output)) {
      return checkpoint.metadata();
    }
  }

  private List<String> paths() {
    List<String> paths = new ArrayList<>();
    for (JsonNode path : JsonMapper.shared().readTree(metadata().get("paths"))) {
      paths.add(path.asString());
    }
    return paths;
  }

  private static List<String> texts(Path... paths) {
    return Arrays.stream(paths).map(Path::toString).toList();
  }

  @Test
  void featuresAreInTheOrderOfSortedPaths() {
    assertThat(embed(images).ok().out()).isEqualTo(output + ": features F32(4, 32)\n");
    assertThat(paths())
        .containsExactlyElementsOf(
            texts(
                images.resolve("a \"rocket\".jpg"),
                images.resolve("more/coins.png"),
                images.resolve("more/deep/horse.PNG"),
                images.resolve("z.png")));
    assertThat(metadata()).containsEntry("weights", NANO.toString());
    float[] features = Cli.read(output, "features");
    try (Device device = Device.cpu(1);
        Network vim = Network.open(NANO, device, Settings.none());
        FeatureExtractor extractor = new FeatureExtractor(vim, 1)) {
      for (int i = 0; i < 4; i++) {
        float[] expected = extractor.features(new ImageDecoder().decode(Path.of(paths().get(i))));
        assertThat(Arrays.copyOfRange(features, i * DIM, (i + 1) * DIM)).isEqualTo(expected);
      }
    }
  }

  @Test
  void batchesDoNotChangeABit() throws IOException {
    embed(images, "--batch", 1).ok();
    byte[] one = Files.readAllBytes(output);
    for (int batch : new int[] {2, 3, 4, 100}) {
      embed(images, "--batch", batch, "--threads", batch % 2 + 1).ok();
      assertThat(Files.readAllBytes(output)).isEqualTo(one);
    }
  }

  @Test
  void unreadableImagesAreReportedAndLeftOut() throws IOException {
    embed(images, "--batch", 2).ok();
    float[] good = Cli.read(output, "features");
    Path broken = images.resolve("broken.png");
    Path missing = folder.resolve("missing.jpg");
    Files.writeString(broken, "no image");
    Cli.Result result = embed(images, missing, "--batch", 2);
    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err().lines())
        .hasSize(2)
        .allMatch(line -> line.startsWith("panamba embed: "))
        .anyMatch(line -> line.contains(broken.toString()))
        .anyMatch(line -> line.contains(missing.toString()));
    assertThat(paths()).hasSize(4).doesNotContain(broken.toString(), missing.toString());
    assertThat(Cli.read(output, "features")).isEqualTo(good);
  }

  @Test
  void whatIsLeftOutIsCounted() throws IOException {
    Files.writeString(images.resolve("notes.txt"), "no image");
    Files.createDirectory(images.resolve(".ipynb_checkpoints"));
    Cli.Result result = embed(images);
    assertThat(result.code()).isZero();
    assertThat(result.err())
        .isEqualTo(
            "panamba embed: left out: 1 hidden file or folder, 1 file without an image's ending\n");
    assertThat(paths()).hasSize(4);
  }

  @Test
  void filesAndFoldersMix() {
    Path cat = images.resolve("z.png");
    embed(cat, images.resolve("more"), cat).ok();
    assertThat(paths())
        .containsExactlyElementsOf(
            texts(images.resolve("more/coins.png"), images.resolve("more/deep/horse.PNG"), cat));
  }

  @Test
  void theBarIsDrawnOnRequest() {
    Cli.Result result = embed(images, "--progress");
    assertThat(result.code()).isZero();
    assertThat(result.err()).contains("0/4").contains("4/4").contains("/s").contains("left\n");
    assertThat(embed(images, "--no-progress").ok().err()).isEmpty();
  }

  @Test
  void nothingIsLeftOfAFailure() throws IOException {
    Path empty = Files.createDirectory(folder.resolve("empty"));
    assertThat(embed(empty).error()).contains("no images in [" + empty + "]");
    Path broken = Files.writeString(empty.resolve("broken.png"), "no image");
    Cli.Result result = embed(empty);
    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err()).contains(broken.toString()).contains("there are no features");
    assertThat(folder.toFile().list()).containsExactlyInAnyOrder("images", "empty");

    embed(images).ok();
    byte[] before = Files.readAllBytes(output);
    assertThat(embed(empty).code()).isEqualTo(1);
    assertThat(Files.readAllBytes(output)).isEqualTo(before);
    assertThat(folder.toFile().list()).hasSize(3);
  }

  @Test
  void everyTokenIsTooMuch() {
    Path nocls = Cli.golden("vim_nano_nocls_max.safetensors");
    assertThat(
            Cli.run(
                    "embed",
                    images,
                    "--weights",
                    nocls,
                    "--output",
                    output,
                    "--pool",
                    "max",
                    "--class-token",
                    "none")
                .error())
        .contains("every token");
    Cli.run("embed", images, "--weights", nocls, "--output", output, "--pool", "last").ok();
    assertThat(Cli.shape(output, "features")).isEqualTo(Shape.of(4, DIM));
  }

  @Test
  void fullSize() throws IOException {
    Path coins = images.resolve("more/coins.png");
    Path small = images.resolve("small.png");
    ImageIO.write(new BufferedImage(7, 90, BufferedImage.TYPE_3BYTE_BGR), "png", small.toFile());
    Cli.Result result = embed("--full-size", "--workspace", folder, "--threads", 1, coins, small);
    assertThat(result.error())
        .isEqualTo("panamba embed: " + small + ": images of 90 x 7 are smaller than a patch of 8");
    assertThat(result.out().lines().toList())
        .satisfiesExactly(
            line ->
                assertThat(line)
                    .startsWith(coins + ": ")
                    .containsPattern("\\d+ tokens in .* s, .* us a token"),
            line -> assertThat(line).isEqualTo(output + ": features F32(1, 32)"));
    float[] features = Cli.read(output, "features");
    try (Device device = Device.cpu(2);
        Network vim = Network.open(NANO, device, Settings.none());
        LargeImage image = LargeImage.open(coins);
        Inference inference =
            vim.plan(new InferenceOptions(1, image.height(), image.width(), false, false, false))) {
      image.read(0, inference.image().reshape(Shape.of(3, image.height(), image.width())));
      inference.run();
      assertThat(features).isEqualTo(inference.features().toFloats());
    }
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).containsExactlyInAnyOrder(images, output);
    }
  }

  @Test
  void cropMeanAndDeviationReachThePictures() {
    Path coins = images.resolve("more/coins.png");
    embed(coins).ok();
    float[] usual = Cli.read(output, "features");
    embed(coins, "--crop-ratio=0.875", "--mean=0.485,0.456,0.406", "--std=0.229,0.224,0.225").ok();
    assertThat(Cli.read(output, "features")).isEqualTo(usual);
    for (String option :
        List.of("--crop-mode=squash", "--crop-ratio=1", "--mean=0,0,0", "--std=1,1,1")) {
      embed(coins, option).ok();
      assertThat(Cli.read(output, "features")).isNotEqualTo(usual);
    }
  }

  @Test
  void fullSizeTakesMeanAndDeviation() {
    Path coins = images.resolve("more/coins.png");
    embed("--full-size", coins, "--mean=0.5,0.25,0", "--std=0.5,0.5,1").ok();
    float[] features = Cli.read(output, "features");
    try (Device device = Device.cpu(1);
        Network vim = Network.open(NANO, device, Settings.none());
        LargeImage image =
            LargeImage.open(coins, new float[] {0.5f, 0.25f, 0}, new float[] {0.5f, 0.5f, 1});
        Inference inference =
            vim.plan(new InferenceOptions(1, image.height(), image.width(), false, false, false))) {
      image.read(0, inference.image().reshape(Shape.of(3, image.height(), image.width())));
      inference.run();
      assertThat(features).isEqualTo(inference.features().toFloats());
    }
  }

  @Test
  void noOutputOverAConfigurationBesideTheWeights() throws IOException {
    Path weights = Files.copy(NANO, folder.resolve("nano.pth"));
    Path config = Files.writeString(folder.resolve("config.json"), "{}");
    assertThat(Cli.run("embed", images, "--weights", weights, "--output", config).error())
        .contains("the configuration beside the checkpoint, and would be replaced");
    assertThat(config).content().isEqualTo("{}");
  }

  @Test
  void aGeneratedImage() {
    Cli.Result result = embed("--full-size", "--generate", "40x200", "--progress");
    assertThat(result.code()).isZero();
    assertThat(result.err()).contains("] 378/378").contains(" left");
    float[] features = Cli.read(output, "features");
    embed("--full-size", "--generate", "40x200").ok();
    assertThat(Cli.read(output, "features")).isEqualTo(features);
  }

  @Test
  void optionsThatExcludeEachOther() {
    assertThat(embed().misuse()).contains("Missing required parameter: 'PATH'");
    assertThat(embed("--full-size", "--generate", "9x9", images).misuse()).contains("PATH");
    assertThat(embed("--full-size", "--image-size", 32, images).misuse())
        .contains("--full-size and --image-size exclude each other");
    assertThat(embed("--full-size", "--crop-mode", "squash", images).misuse())
        .contains("--full-size and --crop-mode exclude each other");
    assertThat(embed("--full-size", "--crop-ratio", 1, images).misuse())
        .contains("--full-size and --crop-ratio exclude each other");
    assertThat(embed("--full-size", "--device", "cuda:1", images).misuse())
        .contains("--full-size works tile by tile on cpu; leave out --device cuda:1");
    assertThat(embed("--workspace", folder, images).misuse())
        .contains("--workspace needs --full-size");
  }
}
