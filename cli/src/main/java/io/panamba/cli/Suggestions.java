package io.panamba.cli;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * What a mistyped command or option was meant to be. Picocli's own suggestions know an option by
 * its first two letters alone, and none where two letters have changed places.
 */
final class Suggestions {
  private static final int MOST = 3;

  private Suggestions() {}

  /** Returns a question that ends a message, or nothing if nothing is like the argument. */
  static String question(ParameterException e) {
    CommandLine command = e.getCommandLine();
    CommandSpec spec = command.getCommandSpec();
    List<String> unknown = command.getUnmatchedArguments();
    if (unknown.isEmpty()) {
      return "";
    }
    String word = unknown.getFirst().split("=", 2)[0];
    List<String> meant = nearest(word, word.startsWith("-") ? options(spec) : commands(spec));
    if (meant.isEmpty()) {
      return "";
    }
    // A required option that is mistyped is reported as missing.
    String subject = e instanceof UnmatchedArgumentException ? "" : "'" + word + "' is unknown, ";
    return "; " + subject + "did you mean " + String.join(" or ", meant) + "?";
  }

  private static Stream<String> commands(CommandSpec spec) {
    return spec.subcommands().entrySet().stream()
        .filter(entry -> !entry.getValue().getCommandSpec().usageMessage().hidden())
        .map(Map.Entry::getKey);
  }

  private static Stream<String> options(CommandSpec spec) {
    return spec.options().stream()
        .filter(option -> !option.hidden())
        .flatMap(option -> Stream.of(option.names()));
  }

  /**
   * Returns the candidates that begin with a word, and those that are spelt most nearly like it: no
   * more than a third of its letters differ.
   */
  static List<String> nearest(String word, Stream<String> candidates) {
    String given = word.toLowerCase(Locale.ROOT);
    Map<String, Integer> distances = new LinkedHashMap<>();
    candidates.forEach(
        candidate ->
            distances.put(candidate, candidate.startsWith(given) ? 0 : distance(given, candidate)));
    int least = distances.values().stream().min(Comparator.naturalOrder()).orElse(0);
    if (given.length() < 2 || least > given.length() / 3) {
      return List.of();
    }
    return distances.keySet().stream()
        .filter(candidate -> distances.get(candidate) == least)
        .limit(MOST)
        .toList();
  }

  /**
   * Counts the letters to insert, delete, replace or swap with their neighbours: the distance of
   * optimal string alignment.
   */
  private static int distance(String from, String to) {
    int[][] cost = new int[from.length() + 1][to.length() + 1];
    for (int i = 0; i <= from.length(); i++) {
      for (int j = 0; j <= to.length(); j++) {
        if (i == 0 || j == 0) {
          cost[i][j] = i + j;
          continue;
        }
        boolean same = from.charAt(i - 1) == to.charAt(j - 1);
        int least = Math.min(cost[i - 1][j], cost[i][j - 1]) + 1;
        least = Math.min(least, cost[i - 1][j - 1] + (same ? 0 : 1));
        if (i > 1
            && j > 1
            && from.charAt(i - 1) == to.charAt(j - 2)
            && from.charAt(i - 2) == to.charAt(j - 1)) {
          least = Math.min(least, cost[i - 2][j - 2] + 1);
        }
        cost[i][j] = least;
      }
    }
    return cost[from.length()][to.length()];
  }
}
