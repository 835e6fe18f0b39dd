package io.panamba.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.panamba.cli.Main;
import io.panamba.model.Labels;
import io.panamba.runtime.Shape;
import io.panamba.tests.kit.ChildJvm;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Images to classes. */
class ClassifyCommandTest {
  private static final Path CAT = Cli.golden("images/chelsea.png");
  private static final Path ROCKET = Cli.golden("images/rocket.jpg");
  private static final Path NANO = Cli.golden("vim_nano.pth");

  @TempDir private Path folder;

  @Test
  void withoutWeightsItKnowsDigits() {
    Path digit = Path.of("..", "docs", "images", "digit-7.png");
    Cli.Result result = Cli.run("classify", digit, "--top", 1);
    assertThat(result.code()).isZero();
    assertThat(result.err().lines())
        .containsExactly(
            "no --weights: this is Panamba's own model of handwritten digits, which knows nothing"
                + " else");
    assertThat(result.out().lines()).hasSize(2).last().asString().endsWith(" %      7  7");
  }

  /** A name that begins with @ is a name, not a file of arguments. */
  @Test
  void namesWithAnAtSign() throws Exception {
    Files.copy(CAT, folder.resolve("@cat.png"));
    Files.writeString(folder.resolve("@help"), "--help");
    Process child =
        ChildJvm.builder(List.of(), Main.class, "classify", "@cat.png", "@help")
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .start();
    String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(output.lines()).contains("@cat.png");
    assertThat(output).contains("@help: this is no picture").doesNotContain("Usage");
    assertThat(child.waitFor()).isEqualTo(1);
  }

  /** The same image through another door: the input that Pillow made of it, and its logits. */
  @Test
  void answersAreThoseOfTheLogits() {
    Path weights = folder.resolve("tiny.safetensors");
    Cli.run("init", "--model", "tiny", "--seed", 4, "--output", weights).ok();
    float[] pixels = Cli.read(Cli.golden("images/chelsea.png.expected.safetensors"), "size224");
    Path input = Cli.write(folder.resolve("in"), "image", Shape.of(1, 3, 224, 224), pixels);
    Path output = folder.resolve("out");
    Cli.run("forward", "--weights", weights, "--input", input, "--output", output).ok();
    float[] logits = Cli.read(output, "logits");
    double sum = IntStream.range(0, 1000).mapToDouble(i -> Math.exp(logits[i])).sum();

    JsonNode answers =
        Cli.run("classify", CAT, "--weights", weights, "--top", 3, "--json").ok().json();
    assertThat(answers.size()).isEqualTo(1);
    assertThat(answers.at("/0/image").asString()).isEqualTo(CAT.toString());
    JsonNode classes = answers.at("/0/classes");
    assertThat(classes.size()).isEqualTo(3);
    List<Integer> best =
        IntStream.range(0, 1000)
            .boxed()
            .sorted((a, b) -> Float.compare(logits[b], logits[a]))
            .limit(3)
            .toList();
    for (int i = 0; i < 3; i++) {
      JsonNode answer = classes.get(i);
      int index = best.get(i);
      assertThat(answer.get("index").asInt()).isEqualTo(index);
      assertThat(answer.get("label").asString()).isEqualTo(Labels.imagenet().name(index));
      assertThat(answer.get("logit").asDouble()).isCloseTo(logits[index], within(1e-4));
      assertThat(answer.get("probability").asDouble())
          .isCloseTo(Math.exp(logits[index]) / sum, within(1e-6));
    }
  }

  @Test
  void aTableForEveryImage() {
    List<String> lines =
        Cli.run("classify", CAT, ROCKET, "--weights", NANO, "--top", 2).ok().out().lines().toList();
    assertThat(lines).hasSize(6);
    assertThat(lines.get(0)).isEqualTo(CAT.toString());
    assertThat(lines.get(1)).matches(" +\\d+\\.\\d\\d % +\\d  class \\d");
    assertThat(lines.get(2)).hasSameSizeAs(lines.get(1));
    assertThat(lines.get(3)).isEqualTo(ROCKET.toString());
  }

  @Test
  void labelsOfAFile() throws IOException {
    Path labels = folder.resolve("labels.txt");
    Files.write(labels, IntStream.range(0, 10).mapToObj(i -> "kind \"" + i + "\"").toList());
    JsonNode best =
        Cli.run("classify", CAT, "--weights", NANO, "--labels", labels, "--json")
            .ok()
            .json()
            .at("/0/classes/0");
    assertThat(best.get("label").asString())
        .isEqualTo("kind \"" + best.get("index").asInt() + "\"");
    assertThat(
            Cli.run("classify", CAT, "--weights", NANO, "--labels", folder.resolve("no")).error())
        .contains("labels can't be read");
    Files.writeString(labels, "one\ntwo\n");
    assertThat(Cli.run("classify", CAT, "--weights", NANO, "--labels", labels).error())
        .contains("has 2 labels; expected one for each of the network's 10 classes");
  }

  @Test
  void topIsAtMostEveryClass() {
    JsonNode classes =
        Cli.run("classify", CAT, "--weights", NANO, "--top", 50, "--json")
            .ok()
            .json()
            .at("/0/classes");
    assertThat(classes.size()).isEqualTo(10);
    double sum = 0;
    for (JsonNode answer : classes) {
      sum += answer.get("probability").asDouble();
    }
    assertThat(sum).isCloseTo(1, within(1e-5));
  }

  @Test
  void oneBadImageDoesNotStopTheOthers() {
    Path missing = folder.resolve("missing.png");
    Cli.Result text = Cli.run("classify", CAT, missing, ROCKET, "--weights", NANO);
    assertThat(text.error()).isEqualTo("panamba classify: " + missing + ": there is no such file");
    assertThat(text.out()).contains(CAT.toString(), ROCKET.toString());
    Cli.Result json = Cli.run("classify", CAT, missing, ROCKET, "--weights", NANO, "--json");
    assertThat(json.error()).contains("missing.png");
    assertThat(json.json().size()).isEqualTo(3);
    assertThat(json.json().at("/1/error").asString()).contains("there is no such file");
    assertThat(json.json().at("/1").has("classes")).isFalse();
    assertThat(json.json().at("/2/classes/0/index").isInt()).isTrue();
  }

  @Test
  void optionsChangeTheAnswer() {
    String plain = Cli.run("classify", CAT, "--weights", NANO, "--json").ok().out();
    String larger =
        Cli.run("classify", CAT, "--weights", NANO, "--json", "--image-size", "48x64").ok().out();
    String summed =
        Cli.run("classify", CAT, "--weights", NANO, "--json", "--no-divide-out").ok().out();
    assertThat(plain).isNotEqualTo(larger).isNotEqualTo(summed);
    assertThat(Cli.run("classify", CAT, "--weights", NANO, "--json", "--threads", 1).ok().out())
        .isEqualTo(plain);
  }

  @Test
  void refusesNetworksWithoutOneAnswer() {
    Path nocls = Cli.golden("vim_nano_nocls_max.safetensors");
    assertThat(Cli.run("classify", CAT, "--weights", nocls, "--pool", "all").error())
        .contains("every token");
    Cli.run("classify", CAT, "--weights", nocls, "--pool", "max").ok();
    assertThat(Cli.run("classify", CAT, "--weights", nocls, "--class-token", "head").error())
        .contains("class token");
    assertThat(Cli.run("classify", CAT, "--weights", CAT).error())
        .contains("neither a PyTorch nor a safetensors file");
  }
}
