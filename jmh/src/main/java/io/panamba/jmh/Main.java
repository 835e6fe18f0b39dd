package io.panamba.jmh;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * Runs benchmarks with JMH's own arguments and puts what was measured on what into the results:
 * hardware, JDK, library hash, tier, command. Without {@code -rff} the results go to {@code
 * jmh-result.json}.
 */
public final class Main {
  private Main() {}

  /**
   * Runs benchmarks.
   *
   * @param args JMH's
   * @throws RunnerException if one fails
   * @throws CommandLineOptionException if the arguments are wrong
   * @throws IOException if the results can't be written
   */
  public static void main(String[] args)
      throws RunnerException, CommandLineOptionException, IOException {
    CommandLineOptions command = new CommandLineOptions(args);
    if (command.shouldHelp() || command.shouldList()) {
      org.openjdk.jmh.Main.main(args);
      return;
    }
    Path result = Path.of(command.getResult().orElse("jmh-result.json"));
    new Runner(
            new OptionsBuilder()
                .parent(command)
                .resultFormat(org.openjdk.jmh.results.format.ResultFormatType.JSON)
                .result(result.toString())
                .build())
        .run();
    Files.writeString(
        result,
        "{\n\"provenance\": {\n%s\n},\n\"results\": %s}\n"
            .formatted(
                Provenance.of("-jar jmh/target/benchmarks.jar " + String.join(" ", args)),
                Files.readString(result).stripTrailing()));
    System.out.println("Results with their provenance: " + result);
  }
}
