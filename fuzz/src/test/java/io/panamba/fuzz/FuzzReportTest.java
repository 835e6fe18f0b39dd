package io.panamba.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class FuzzReportTest {
  private static final List<String> LOG =
      List.of(
          "INFO: Loaded 772 hooks",
          "#9\tINITED cov: 465 ft: 673 corp: 4/4183b exec/s: 0 rss: 782Mb",
          "#53424\tDONE   cov: 753 ft: 1200 corp: 187/90Kb lim: 1053 exec/s: 875 rss: 782Mb",
          "stat::number_of_executed_units: 53424",
          "stat::average_exec_per_sec:     875");

  @Test
  void theLastFiguresCount() {
    FuzzReport report = FuzzReport.of("gif", LOG, 0);
    assertThat(report.good()).isTrue();
    assertThat(report.line())
        .isEqualTo(
            "fuzz gif                53,424 inputs,      875/s, coverage    753, corpus   187:"
                + " nothing found");
  }

  @Test
  void aFindIsNamedOnce() {
    String find = "== Java Assertion Error: java.lang.AssertionError: a second reading differs";
    FuzzReport report = FuzzReport.of("gif", List.of(find, find, "#1\tDONE"), 77);
    assertThat(report.good()).isFalse();
    assertThat(report.reasons())
        .containsExactly("java.lang.AssertionError: a second reading differs");
    assertThat(report.line()).endsWith("1 found");
  }

  @Test
  void aRunThatDidNothingIsNoSuccess() {
    assertThat(FuzzReport.of("gif", List.of("Error: no such class"), 0).good()).isFalse();
    assertThat(FuzzReport.of("gif", LOG, 1).good()).isFalse();
    assertThat(
            FuzzReport.of("gif", List.of("==7== ERROR: libFuzzer: timeout after 60 seconds"), 70))
        .extracting(FuzzReport::reasons)
        .asString()
        .contains("timeout after 60 seconds");
  }
}
