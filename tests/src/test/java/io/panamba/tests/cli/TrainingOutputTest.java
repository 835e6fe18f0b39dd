package io.panamba.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.panamba.cli.Main;
import io.panamba.runtime.Shape;
import io.panamba.tests.kit.ChildJvm;
import io.panamba.tests.training.Digits;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a training writes, and what it must not. */
class TrainingOutputTest {
  @TempDir private Path folder;
  private Path data;
  private Path output;

  @BeforeEach
  void collect() {
    assumeTrue(File.separatorChar == '/', "links, pipes and devices are Unix's");
    data = Digits.some(folder.resolve("digits.safetensors"), 40);
    output = folder.resolve("n.safetensors");
  }

  private static String[] words(Path data, Object output, int epochs) {
    return Arrays.stream(
            new Object[] {
              "train",
              "--data",
              data,
              "--output",
              output,
              "--model",
              "nano",
              "--epochs",
              epochs,
              "--batch-size",
              8,
              "--augment",
              "none",
              "--no-progress"
            })
        .map(Object::toString)
        .toArray(String[]::new);
  }

  private Cli.Result train(Object to) {
    return Cli.run((Object[]) words(data, to, 1));
  }

  @Test
  void noFileOfIt() throws IOException {
    byte[] before = Files.readAllBytes(data);
    for (String name : List.of("n.safetensors", "n.state.safetensors", "n.csv", "n.svg")) {
      Path hard = Files.createLink(folder.resolve(name), data);
      assertThat(train(output).error()).contains(hard + " is the data, and would be replaced");
      Files.delete(hard);
    }
    Path weights = Files.copy(Cli.golden("vim_nano.pth"), folder.resolve("w.pth"));
    assertThat(Cli.run("train", "--data", data, "--output", weights, "--weights", weights).error())
        .contains("is the checkpoint, and would be replaced");
    assertThat(data).hasBinaryContent(before);
    assertThat(weights).hasSameBinaryContentAs(Cli.golden("vim_nano.pth"));
  }

  @Test
  void noPictureOfAFolder() throws IOException {
    Path pictures = folder.resolve("pictures");
    for (String name : List.of("a/1.png", "b/2.png")) {
      Files.createDirectories(pictures.resolve(name).getParent());
      Files.copy(Cli.golden("images/coins.png"), pictures.resolve(name));
    }
    Path picture = pictures.resolve("b/2.png");
    assertThat(Cli.run((Object[]) words(pictures, picture, 1)).error())
        .contains("an image of the data");
    Path curves = Files.createLink(folder.resolve("n.svg"), picture);
    assertThat(Cli.run((Object[]) words(pictures, output, 1)).error()).contains(curves.toString());
    assertThat(picture).hasSameBinaryContentAs(Cli.golden("images/coins.png"));
  }

  @Test
  void twoOfItsFilesAreNotOne() throws IOException {
    Path metrics = Files.writeString(folder.resolve("n.csv"), "old");
    Files.createLink(folder.resolve("n.svg"), metrics);
    assertThat(train(output).error()).contains("are one file");
    Files.delete(folder.resolve("n.svg"));
    Files.createSymbolicLink(output, metrics);
    assertThat(train(output).code()).as("stands beside what the link leads to").isZero();
    assertThat(Files.isSymbolicLink(output)).isTrue();
    assertThat(Cli.shape(metrics, "head.weight")).isEqualTo(Shape.of(10, 32));
  }

  @Test
  void linksBesideTheOutputAreNotFollowed() throws IOException {
    Path victim = Files.writeString(folder.resolve("victim"), "mine");
    for (String name : List.of("n.state.safetensors", "n.csv", "n.svg")) {
      Path link = Files.createSymbolicLink(folder.resolve(name), victim);
      assertThat(train(output).error()).contains(link + " is a link, which is not followed");
      Files.delete(link);
    }
    for (String name : List.of(".n.csv.part", ".n.svg.part")) {
      Files.createSymbolicLink(folder.resolve(name), victim);
    }
    assertThat(train(output).code()).isZero();
    Path lock = Files.createSymbolicLink(folder.resolve(".n.safetensors.lock"), victim);
    assertThat(train(output).error()).contains("is no lock of a training");
    Files.delete(lock);
    assertThat(victim).hasContent("mine");
  }

  @Test
  void pipesAndDevicesAreRefused() throws Exception {
    assertThat(new ProcessBuilder("mkfifo", output.toString()).start().waitFor()).isZero();
    assertThat(train(output).error()).contains("it is a pipe or device");
    assertThat(train("/dev/null").error()).contains("/dev/null can't be written");
    assertThat(folder.toFile().list())
        .containsExactlyInAnyOrder("digits.safetensors", "n.safetensors");
  }

  /** Even as a file, which others may be writing too. */
  @Test
  void standardOutputIsRefused() throws Exception {
    Path file = Files.writeString(folder.resolve("out"), "mine");
    Process child =
        ChildJvm.builder(List.of(), Main.class, words(data, "/dev/stdout", 1))
            .redirectOutput(ProcessBuilder.Redirect.appendTo(file.toFile()))
            .start();
    String error = new String(child.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(child.waitFor()).isEqualTo(1);
    assertThat(error).contains("/dev/stdout is standard output");
    assertThat(file).hasContent("mine");
    assertThat(Path.of("/dev/stdout.csv")).doesNotExist();
  }

  @Test
  void theStateOfAnotherTrainingIsRefused() throws IOException {
    Path state = Files.writeString(folder.resolve("n.state.safetensors"), "unfinished");
    assertThat(train(state).error()).contains("is a name for the state of a training");
    assertThat(state).hasContent("unfinished");
  }

  /** By the same name, by a link, and in the same process; until the first is gone. */
  @Test
  void aSecondTrainingIsRefused() throws Exception {
    Path state = folder.resolve("n.state.safetensors");
    String[] endless = words(data, output, 1_000_000);
    Process first = ChildJvm.start(List.of(), Main.class, endless);
    try {
      while (first.isAlive() && Files.notExists(state)) {
        TimeUnit.MILLISECONDS.sleep(20);
      }
      Path link = Files.createSymbolicLink(folder.resolve("link"), output);
      assertThat(train(output).error()).contains("another training writes " + output);
      assertThat(train(folder.resolve("in/..").resolve(folder.relativize(output))).code())
          .isEqualTo(1);
      Files.writeString(output, "something");
      assertThat(train(link).error()).contains("another training writes");
      ChildJvm.Result second = ChildJvm.run(List.of(), Main.class, endless);
      assertThat(second.exitCode()).isEqualTo(1);
      assertThat(second.output()).contains("another training writes");
      Path sameState = folder.resolve("n");
      assertThat(train(sameState).error()).contains("another training writes " + state);
      Path sameMetrics = folder.resolve("n.csv");
      assertThat(train(sameMetrics).error()).contains("another training writes " + sameMetrics);
      assertThat(first.isAlive()).isTrue();
    } finally {
      first.destroyForcibly();
      first.waitFor();
    }
    assertThat(train(output).error()).contains("--resume goes on with it");
    Files.delete(state);
    assertThat(train(output).code()).isZero();
    assertThat(folder.toFile().list()).noneMatch(name -> name.endsWith(".lock"));
  }
}
