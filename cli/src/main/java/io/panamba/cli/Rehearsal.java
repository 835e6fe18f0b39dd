package io.panamba.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;

/**
 * The run from which the build makes the ahead-of-time cache (JEP 514) of the command: one process
 * that does what short commands do, so that their classes are in the cache.
 */
final class Rehearsal {
  private Rehearsal() {}

  /**
   * Runs the commands.
   *
   * @param args a picture
   */
  public static void main(String[] args) {
    Locale.setDefault(Locale.ROOT);
    for (List<String> command :
        List.of(
            List.of("classify", args[0], "--top", "2", "--threads", "2"),
            List.of("classify", args[0], "--json"),
            List.of("info"),
            List.of("classify", "--help"),
            List.of("--version"))) {
      PrintWriter nowhere = new PrintWriter(PrintWriter.nullWriter());
      if (Main.run(nowhere, nowhere, command.toArray(String[]::new)) != 0) {
        throw new IllegalStateException(command + " failed");
      }
    }
  }
}
