package io.panamba.fuzz;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What Jazzer said at the end of a run.
 *
 * @param name of the parser
 * @param executions inputs that were tried
 * @param perSecond of them
 * @param coverage edges of the instrumented classes that were taken
 * @param corpus inputs that take different ones
 * @param reasons why the run failed, each once
 */
record FuzzReport(
    String name, long executions, long perSecond, long coverage, long corpus, Set<String> reasons) {
  private static final Pattern PROGRESS =
      Pattern.compile("#\\d+\\s.* cov: (\\d+) .*corp: (\\d+)/.*");
  private static final Pattern STATISTIC = Pattern.compile("stat::(\\w+):\\s+(\\d+)");
  private static final Pattern REASON =
      Pattern.compile(
          "== Java (?:Exception|Assertion Error): (.*)|==\\d+== ERROR: libFuzzer: (.*)");

  static FuzzReport of(String name, List<String> log, int status) {
    long executions = 0;
    long perSecond = 0;
    long coverage = 0;
    long corpus = 0;
    Set<String> reasons = new LinkedHashSet<>();
    for (String line : log) {
      Matcher progress = PROGRESS.matcher(line);
      if (progress.matches()) {
        coverage = Long.parseLong(progress.group(1));
        corpus = Long.parseLong(progress.group(2));
      }
      Matcher statistic = STATISTIC.matcher(line);
      if (statistic.matches()) {
        long value = Long.parseLong(statistic.group(2));
        switch (statistic.group(1)) {
          case "number_of_executed_units" -> executions = value;
          case "average_exec_per_sec" -> perSecond = value;
          default -> {}
        }
      }
      Matcher why = REASON.matcher(line);
      if (why.matches()) {
        reasons.add(why.group(1) == null ? why.group(2) : why.group(1));
      }
    }
    if (reasons.isEmpty() && (status != 0 || executions == 0)) {
      reasons.add("Jazzer ended with status %d after %d inputs".formatted(status, executions));
    }
    return new FuzzReport(name, executions, perSecond, coverage, corpus, reasons);
  }

  boolean good() {
    return reasons.isEmpty();
  }

  /** The report in one line. */
  String line() {
    return String.format(
        Locale.ROOT,
        "fuzz %-12s %,12d inputs, %,8d/s, coverage %,6d, corpus %,5d: %s",
        name,
        executions,
        perSecond,
        coverage,
        corpus,
        good() ? "nothing found" : "%d found".formatted(reasons.size()));
  }
}
