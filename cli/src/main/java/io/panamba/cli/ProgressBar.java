package io.panamba.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.LongSupplier;

/** A line on a terminal that tells how far a job is, how fast, and how long it will yet take. */
final class ProgressBar implements AutoCloseable {
  private static final int WIDTH = 30;
  private static final long REDRAW_NANOS = 100_000_000;
  private static final String ERASE_LINE = "\r\033[K";

  private final PrintWriter out;
  private final LongSupplier nanoTime;
  private final boolean shown;
  private final long total;
  private final long start;
  private String note = "";
  private long done;
  private long drawn;

  /**
   * Creates a bar at zero.
   *
   * @param out a terminal
   * @param shown if false, only {@link #println} writes anything
   * @param total steps of the job
   * @param nanoTime the clock
   */
  ProgressBar(PrintWriter out, boolean shown, long total, LongSupplier nanoTime) {
    this.out = out;
    this.shown = shown;
    this.total = total;
    this.nanoTime = nanoTime;
    this.start = nanoTime.getAsLong();
    this.drawn = start;
    draw();
  }

  /** Tells whether the process's standard error is a terminal, as far as that can be known. */
  @SuppressWarnings(
      "SystemConsoleNull") // It is null where standard input or output is no terminal.
  static boolean isErrorTerminal() {
    Path descriptor = Path.of("/proc/self/fd/2");
    if (Files.isSymbolicLink(descriptor)) {
      try {
        String target = Files.readSymbolicLink(descriptor).toString();
        return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
      } catch (IOException _) {
        return false;
      }
    }
    return System.console() != null && System.console().isTerminal();
  }

  /** Counts finished steps. */
  void advance(long steps) {
    done += steps;
    long now = nanoTime.getAsLong();
    if (done >= total || now - drawn >= REDRAW_NANOS) {
      drawn = now;
      draw();
    }
  }

  /** Changes what is said at the end of the line, from the next drawing on. */
  void note(String text) {
    note = text;
  }

  /** Writes a line above the bar. */
  void println(String line) {
    if (shown) {
      out.print(ERASE_LINE);
    }
    out.println(line);
    draw();
  }

  private void draw() {
    if (shown) {
      out.print(ERASE_LINE + text());
      out.flush();
    }
  }

  private String text() {
    double seconds = (nanoTime.getAsLong() - start) / 1e9;
    double rate = seconds > 0 ? done / seconds : 0;
    double fraction = total == 0 ? 1 : Math.min(1, (double) done / total);
    int filled = (int) (fraction * WIDTH);
    String bar = "#".repeat(filled) + ".".repeat(WIDTH - filled);
    String left = rate > 0 ? duration(Math.round((total - done) / rate)) + " left" : "";
    return String.format(
            Locale.ROOT, "[%s] %d/%d  %.1f/s  %s  %s", bar, done, total, rate, left, note)
        .stripTrailing();
  }

  private static String duration(long seconds) {
    return seconds < 3600
        ? String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60)
        : String.format(
            Locale.ROOT, "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
  }

  /** Leaves the bar as it is and goes to the next line. */
  @Override
  public void close() {
    if (shown) {
      draw();
      out.println();
    }
  }
}
