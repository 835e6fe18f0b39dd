package io.panamba.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How the command explains itself and refuses arguments. */
class UsageTest {
  @TempDir private Path folder;

  @Test
  void withoutACommand() {
    assertThat(Cli.run().misuse()).startsWith("panamba: Missing command");
    assertThat(Cli.run("sing").misuse()).contains("'sing'");
  }

  @Test
  void helpAndVersion() {
    assertThat(Cli.run("--help").ok().out())
        .contains("classify", "embed", "forward", "train", "init", "info", "bench");
    assertThat(Cli.run("--version").ok().out()).matches("panamba \\d+\\.\\d+\\.\\d+.*\\R");
  }

  @ParameterizedTest
  @ValueSource(strings = {"classify", "embed", "forward", "train", "init", "info", "bench"})
  void everyCommandHasHelp(String command) {
    assertThat(Cli.run(command, "--help").ok().out()).startsWith("Usage: panamba " + command);
    assertThat(Cli.run(command, "--sing").misuse())
        .startsWith("panamba " + command + ": ")
        .endsWith("(panamba " + command + " --help explains)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"classify", "embed", "forward", "info", "bench"})
  void commonOptionsAreEverywhere(String command) {
    assertThat(Cli.run(command, "--help").ok().out())
        .contains("--threads", "--device", "--precision", "--image-size", "--stride")
        .contains("--class-token", "--pool", "--no-divide-out", "--position-interpolation")
        .contains("--crop-mode", "--crop-ratio", "--mean", "--std");
    assertThat(Cli.run(command, "--device", "gpu").misuse()).contains("cpu, cuda or cuda:N");
    assertThat(Cli.run(command, "--precision", "fp16").misuse()).contains("--precision");
  }

  @Test
  void whatIsRequired() {
    assertThat(Cli.run("classify", "--weights", "w.pth").misuse()).contains("IMAGE");
    assertThat(Cli.run("embed", "photos", "--weights", "w.pth").misuse()).contains("--output");
    assertThat(Cli.run("forward", "--weights", "w.pth").misuse()).contains("--input");
    assertThat(Cli.run("train", "--model", "nano").misuse()).contains("--data", "--output");
    assertThat(Cli.run("init", "--output", "w.st").misuse()).contains("--model");
    assertThat(Cli.run("bench", "--model", "tiny", "--weights", "w.pth").misuse())
        .contains("mutually exclusive");
    assertThat(Cli.run("bench", "--batch", "0").misuse()).contains("--batch");
    assertThat(Cli.run("bench", "--seconds", "NaN").misuse()).contains("--seconds");
    assertThat(Cli.run("embed", "x", "--batch", "9999").misuse()).contains("--batch");
    assertThat(Cli.run("classify", "x", "--top", "0").misuse()).contains("--top");
  }

  @Test
  void verboseShowsTheStack() {
    Path missing = folder.resolve("missing.pth");
    assertThat(Cli.run("info", "--weights", missing).error())
        .isEqualTo("panamba info: " + missing + ": there is no such file");
    String verbose = Cli.run("info", "--weights", missing, "--verbose").err();
    assertThat(verbose).contains("\tat io.panamba.model").contains("Caused by");
    assertThat(Cli.run("--verbose", "info", "--weights", missing).err())
        .contains("\tat io.panamba.model");
  }
}
