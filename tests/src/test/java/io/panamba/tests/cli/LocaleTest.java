package io.panamba.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.runtime.Shape;
import io.panamba.tests.training.Digits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What commands write is the same for every user. */
class LocaleTest {
  /** Digits of their own; Turkish has a dotless i, Thai another calendar. */
  private static final List<String> TAGS =
      List.of("fa-IR", "ar-EG", "mr-IN", "bn-BD", "my-MM", "tr-TR", "th-TH-u-ca-buddhist-nu-thai");

  private static final Locale BEFORE = Locale.getDefault();

  @TempDir private Path folder;

  @AfterEach
  void restore() {
    Locale.setDefault(BEFORE);
  }

  /** Every file and every answer, by name. */
  private Map<String, String> everything(String tag) throws IOException {
    Locale.setDefault(Locale.forLanguageTag(tag));
    Path images = Cli.golden("images/coins.png");
    Path start = folder.resolve("init.safetensors");
    Path out = folder.resolve("out.safetensors");
    Path trained = folder.resolve("nano.safetensors");
    Path input = Cli.write(folder.resolve("in"), "image", Shape.of(2, 3, 32, 32), new float[6144]);
    Map<String, String> all = new LinkedHashMap<>();
    all.put("init", Cli.run("init", "--model", "nano", "--output", start).ok().out());
    all.put("embed", Cli.run("embed", images, "--weights", start, "--output", out).ok().out());
    all.put("features", bytes(out));
    all.put(
        "forward",
        Cli.run("forward", "--weights", start, "--input", input, "--output", out).ok().out());
    all.put("logits", bytes(out));
    all.put("classify", Cli.run("classify", images, "--weights", start).ok().out());
    all.put("answers", Cli.run("classify", images, "--weights", start, "--json").ok().out());
    all.put("refused", Cli.run("classify", folder, "--weights", start, "--json").out());
    all.put("info", Cli.run("info", "--weights", start, "--json").ok().json().at("/weights") + "");
    all.put(
        "bench",
        Cli.run("bench", "--model", "nano", "--seconds", "0.01", "--json")
                .ok()
                .json()
                .at("/multiply_adds")
            + "");
    Cli.Result train =
        Cli.run(
            "train",
            "--data",
            Digits.some(folder.resolve("digits.safetensors"), 40),
            "--output",
            trained,
            "--weights",
            start,
            "--epochs",
            12,
            "--batch-size",
            8);
    assertThat(train.code()).as(train.err()).isZero();
    all.put("train", train.out());
    all.put("curves", Files.readString(folder.resolve("nano.svg")));
    all.put("network", bytes(trained));
    // All but the seconds.
    try (Stream<String> lines = Files.lines(folder.resolve("nano.csv"))) {
      all.put(
          "metrics",
          lines
              .map(line -> line.substring(0, line.lastIndexOf(',')))
              .collect(Collectors.joining("\n")));
    }
    return all;
  }

  private static String bytes(Path file) throws IOException {
    return HexFormat.of().formatHex(Files.readAllBytes(file));
  }

  @Test
  void changesNoByte() throws IOException {
    Map<String, String> expected = everything("en-US");
    for (String tag : TAGS) {
      Map<String, String> found = everything(tag);
      expected.forEach((name, text) -> assertThat(found.get(name)).as(tag + name).isEqualTo(text));
    }
  }
}
