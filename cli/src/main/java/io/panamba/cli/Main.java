package io.panamba.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The panamba command. */
@Command(name = "panamba", mixinStandardHelpOptions = true)
public final class Main {
  private Main() {}

  /**
   * Runs the command.
   *
   * @param args its arguments
   */
  public static void main(String[] args) {
    System.exit(new CommandLine(new Main()).execute(args));
  }
}
