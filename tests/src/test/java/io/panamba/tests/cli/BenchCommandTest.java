package io.panamba.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.panamba.runtime.LibraryInfo;
import io.panamba.tests.kit.GoldenFiles;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** The benchmark's own arithmetic; its figures are the machine's business. */
class BenchCommandTest {
  private static JsonNode bench(Object... more) {
    Object[] args = new Object[more.length + 2];
    args[0] = "bench";
    args[1] = "--json";
    System.arraycopy(more, 0, args, 2, more.length);
    return Cli.run(args).ok().json();
  }

  @Test
  void saysWhatWasRunAndHowFast() {
    JsonNode report =
        bench("--model", "nano", "--seconds", 1, "--batch", 2, "--threads", 1, "--stride", 4);
    assertThat(report.get("model").asString()).isEqualTo("nano");
    assertThat(report.get("image_size").asString()).isEqualTo("32x32");
    assertThat(report.get("stride").asInt()).isEqualTo(4);
    assertThat(report.get("batch").asInt()).isEqualTo(2);
    assertThat(report.get("threads").asInt()).isEqualTo(1);
    assertThat(report.get("precision").asString()).isEqualTo("fp32");
    assertThat(report.get("device").asString()).isEqualTo("cpu");
    assertThat(report.get("tier").asString()).isEqualTo(LibraryInfo.current().tier());
    assertThat(report.get("library_sha256").asString()).isEqualTo(LibraryInfo.current().sha256());
    assertThat(report.get("jdk").asString()).contains("25");

    double median = report.get("median_ms").asDouble();
    double p90 = report.get("p90_ms").asDouble();
    double p99 = report.get("p99_ms").asDouble();
    assertThat(median).isPositive().isLessThanOrEqualTo(p90);
    assertThat(p99).isBetween(p90, report.get("p999_ms").asDouble());
    assertThat(report.get("images_per_second").asDouble()).isBetween(1.0, 2000 / median * 2);
    // 50 tokens.
    assertThat(report.get("multiply_adds").asLong())
        .isEqualTo(3 * 50 * (3 * 64 * 32 + 2 * 40 * 64) + 49 * 192 * 32 + 320);
    double flops =
        2
            * (2.0 * report.get("multiply_adds").asLong()
                + 18.0 * report.get("scan_updates").asLong());
    double floor = report.get("floor_ms").asDouble();
    assertThat(floor * 1e-3 * report.get("peak_gflops").asDouble() * 1e9)
        .isCloseTo(flops, within(1.0));
    List<Double> rounds = new ArrayList<>();
    report.get("time_over_floor_rounds").forEach(round -> rounds.add(round.asDouble()));
    Collections.sort(rounds);
    assertThat(rounds).hasSize(11);
    assertThat(report.get("time_over_floor").asDouble()).isEqualTo(rounds.get(5));
    // A run of a plan allocates nothing. Whatever the process itself does now and then is rare.
    assertThat(report.get("allocated_bytes_per_inference").asDouble()).isLessThan(1);
  }

  @Test
  void checkpointsAndOtherSizes() {
    JsonNode report =
        bench("--weights", Cli.golden("vim_nano.pth"), "--seconds", 0.05, "--image-size", "40x64");
    assertThat(report.get("model").isNull()).isTrue();
    assertThat(report.get("weights").asString()).endsWith("vim_nano.pth");
    assertThat(report.get("image_size").asString()).isEqualTo("40x64");
    assertThat(report.get("runs").asInt()).isGreaterThanOrEqualTo(11);
  }

  @Test
  void networksWithHeads() {
    JsonNode report = bench("--model", "upernet-vim-tiny", "--seconds", 0.05, "--image-size", 64);
    assertThat(report.get("image_size").asString()).isEqualTo("64x64");
    assertThat(report.get("multiply_adds").asLong()).isPositive();
    String detector = GoldenFiles.path("dense/vim_nano_cascade.safetensors").toString();
    assertThat(Cli.run("bench", "--weights", detector).error()).contains("a detector's time");
  }

  @Test
  void profilesEveryOperation() {
    JsonNode report = bench("--model", "nano", "--seconds", 0.05, "--profile");
    double share = 0;
    int scans = 0;
    for (JsonNode row : report.get("profile")) {
      share += row.get("share").asDouble();
      if (row.get("operation").asString().equals("SelectiveScan")) {
        scans = row.get("count").asInt();
        assertThat(row.get("gflops").isNull()).isTrue();
      }
    }
    // Two whole layers, and the last in three parts around the class token.
    assertThat(scans).isEqualTo(5);
    assertThat(share).isCloseTo(1, within(1e-9));
  }

  @Test
  void theSameForPeople() {
    assertThat(Cli.run("bench", "--model", "nano", "--seconds", 0.05, "--profile").ok().out())
        .containsPattern("median ms +\\d")
        .containsPattern("time over floor +\\d")
        .containsPattern("ms +\\d+\\.\\d % +5 x SelectiveScan")
        .containsPattern("5 x Linear \\(17, 32, 64\\) +\\d+ GFLOP/s");
  }
}
