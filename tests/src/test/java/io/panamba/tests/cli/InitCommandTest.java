package io.panamba.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.Network;
import io.panamba.model.architecture.PreprocessingSettings;
import io.panamba.model.architecture.Settings;
import io.panamba.model.image.Preprocessing;
import io.panamba.model.image.Rgb;
import io.panamba.runtime.Device;
import io.panamba.runtime.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Random weights. */
class InitCommandTest {
  @TempDir private Path folder;

  private Path init(String name, Object... more) {
    Path file = folder.resolve(name);
    Object[] args = {"init", "--model", "nano", "--output", file};
    Object[] all = new Object[args.length + more.length];
    System.arraycopy(args, 0, all, 0, args.length);
    System.arraycopy(more, 0, all, args.length, more.length);
    assertThat(Cli.run(all).ok().out()).startsWith(file.toString());
    return file;
  }

  @Test
  void aSeedGivesTheSameFile() throws IOException {
    byte[] first = Files.readAllBytes(init("a.safetensors", "--seed", 7));
    assertThat(Files.readAllBytes(init("b.safetensors", "--seed", 7))).isEqualTo(first);
    assertThat(Files.readAllBytes(init("c.safetensors", "--seed", 8))).isNotEqualTo(first);
    assertThat(Files.readAllBytes(init("a.safetensors", "--seed", -1))).isNotEqualTo(first);
  }

  @Test
  void theFileIsACheckpoint() {
    Path file = init("nano.safetensors", "--seed", 1);
    assertThat(Cli.run("info", "--weights", file, "--json").ok().json().at("/weights/parameters"))
        .hasToString("48298");
  }

  @Test
  void theGridFollowsTheOptions() {
    Path file = init("s.safetensors", "--seed", 1, "--stride", 4, "--class-token", "none");
    assertThat(Cli.shape(file, "pos_embed")).isEqualTo(Shape.of(1, 49, 32));
    assertThat(Cli.run("info", "--weights", file, "--json").ok().json().at("/weights").toString())
        .contains("\"stride\":4");
    Path large = init("l.safetensors", "--seed", 1, "--image-size", 64);
    assertThat(Cli.shape(large, "pos_embed")).isEqualTo(Shape.of(1, 65, 32));
  }

  @Test
  void theFileSaysHowPicturesBecomeInput() {
    Path usual = init("usual.safetensors", "--seed", 1);
    assertThat(preprocessing(usual, Settings.none())).isEqualTo(Preprocessing.IMAGENET);
    Path other =
        init(
            "other.safetensors",
            "--seed",
            1,
            "--crop-ratio",
            "0.9",
            "--mean",
            "0.5,0.25,0.1",
            "--std",
            "0.5,1,0.3");
    assertThat(preprocessing(other, Settings.none()))
        .isEqualTo(new Preprocessing(0.9, new Rgb(0.5f, 0.25f, 0.1f), new Rgb(0.5f, 1, 0.3f)));
    assertThat(preprocessing(other, Settings.of(PreprocessingSettings.CROP_RATIO, 1.0)))
        .isEqualTo(new Preprocessing(1, new Rgb(0.5f, 0.25f, 0.1f), new Rgb(0.5f, 1, 0.3f)));
  }

  private static Preprocessing preprocessing(Path file, Settings settings) {
    try (Device device = Device.cpu(1);
        Network network = Network.open(file, device, settings)) {
      return network.config().preprocessing();
    }
  }

  @Test
  void refusesBeforeItWorks() throws IOException {
    Path nowhere = folder.resolve("missing/nano.safetensors");
    assertThat(Cli.run("init", "--model", "nano", "--seed", 1, "--output", nowhere).error())
        .contains("there is no folder " + nowhere.getParent());
    assertThat(Cli.run("init", "--model", "nano", "--seed", 1, "--output", folder).error())
        .contains(folder + " is a folder");
    Path file = folder.resolve("n.safetensors");
    assertThat(
            Cli.run(
                    "init",
                    "--model",
                    "nano",
                    "--seed",
                    1,
                    "--output",
                    file,
                    "--image-size",
                    "32x64")
                .error())
        .contains("square grid");
    assertThat(Cli.run("init", "--model", "huge", "--output", file).misuse())
        .contains("there are tiny, small");
    assertThat(folder).isEmptyDirectory();
  }
}
