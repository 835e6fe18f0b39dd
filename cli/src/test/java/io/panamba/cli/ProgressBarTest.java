package io.panamba.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProgressBarTest {
  private final StringWriter text = new StringWriter();
  private long now;

  private ProgressBar bar(boolean shown, long total) {
    return new ProgressBar(new PrintWriter(text), shown, total, () -> now);
  }

  /** What is left on the terminal after every erased line. */
  private List<String> screen() {
    String erase = "\r\033[K";
    return Arrays.stream(text.toString().split("\n", -1))
        .map(line -> line.contains(erase) ? line.substring(line.lastIndexOf(erase) + 4) : line)
        .filter(line -> !line.isEmpty())
        .toList();
  }

  @Test
  void tellsRateAndTimeLeft() {
    try (ProgressBar bar = bar(true, 200)) {
      now = 10_000_000_000L;
      bar.advance(50);
    }
    assertThat(screen())
        .containsExactly("[#######.......................] 50/200  5.0/s  0:30 left");
  }

  @Test
  void aNoteStandsAtTheEnd() {
    try (ProgressBar bar = bar(true, 4)) {
      bar.note("loss 0.5");
      now = 2_000_000_000L;
      bar.advance(2);
      assertThat(screen().getLast()).endsWith("2/4  1.0/s  0:02 left  loss 0.5");
    }
  }

  @Test
  void longJobsHaveHours() {
    try (ProgressBar bar = bar(true, 10_000)) {
      now = 1_000_000_000L;
      bar.advance(1);
    }
    assertThat(screen().getFirst()).endsWith("1/10000  1.0/s  2:46:39 left");
  }

  @Test
  void isFullAtTheEnd() {
    try (ProgressBar bar = bar(true, 3)) {
      now = 2_000_000_000L;
      bar.advance(3);
    }
    assertThat(screen()).containsExactly("[" + "#".repeat(30) + "] 3/3  1.5/s  0:00 left");
  }

  @Test
  void anEmptyJobIsDone() {
    bar(true, 0).close();
    assertThat(screen().getFirst()).startsWith("[" + "#".repeat(30) + "] 0/0");
  }

  @Test
  void redrawsAtMostTenTimesASecond() {
    try (ProgressBar bar = bar(true, 1_000_000)) {
      for (int i = 0; i < 1000; i++) {
        now += 1_000_000;
        bar.advance(1);
      }
    }
    assertThat(text.toString().split("\r", -1)).hasSizeBetween(10, 14);
  }

  @Test
  void linesStayAboveTheBar() {
    try (ProgressBar bar = bar(true, 2)) {
      bar.println("bad.png: no picture");
      now = 1_000_000_000L;
      bar.advance(2);
    }
    assertThat(screen()).hasSize(2).first().isEqualTo("bad.png: no picture");
  }

  @Test
  void withoutATerminalOnlyLinesAreWritten() {
    try (ProgressBar bar = bar(false, 2)) {
      bar.advance(1);
      bar.println("bad.png: no picture");
      bar.advance(1);
    }
    assertThat(text).hasToString("bad.png: no picture" + System.lineSeparator());
  }
}
