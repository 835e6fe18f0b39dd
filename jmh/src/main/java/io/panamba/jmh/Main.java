package io.panamba.jmh;

import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.LibraryInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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
            .formatted(provenance(args), Files.readString(result).stripTrailing()));
    System.out.println("Results with their provenance: " + result);
  }

  private static String provenance(String[] args) throws IOException {
    LibraryInfo library = LibraryInfo.current();
    List<String> lines = new ArrayList<>();
    lines.add(entry("command", "java -jar jmh/target/benchmarks.jar " + String.join(" ", args)));
    lines.add(entry("date", java.time.LocalDate.now(java.time.ZoneOffset.UTC).toString()));
    lines.add(entry("processor", processor()));
    lines.add(entry("processors", String.valueOf(Runtime.getRuntime().availableProcessors())));
    lines.add(entry("os", System.getProperty("os.name") + " " + System.getProperty("os.arch")));
    lines.add(entry("jdk", System.getProperty("java.vendor") + " " + Runtime.version()));
    lines.add(entry("library", library.build()));
    lines.add(entry("library_sha256", library.sha256()));
    lines.add(entry("tier", library.tier()));
    try (Device device = Device.cpu(1)) {
      lines.add(entry("peak_gflops_one_thread", peak(device, DType.F32)));
      lines.add(entry("peak_bf16_gflops_one_thread", peak(device, DType.BF16)));
    }
    return String.join(",\n", lines);
  }

  private static String peak(Device device, DType dtype) {
    return String.format(Locale.ROOT, "%.1f", device.measurePeak(1, dtype) / 1e9);
  }

  private static String processor() throws IOException {
    Path info = Path.of("/proc/cpuinfo");
    if (!Files.isReadable(info)) {
      return "unknown";
    }
    List<String> lines = Files.readAllLines(info);
    return List.of("model name", "cpu family", "model\t").stream()
        .map(
            key ->
                lines.stream()
                    .filter(line -> line.startsWith(key))
                    .findFirst()
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .orElse("?"))
        .reduce((a, b) -> a + " / " + b)
        .orElseThrow();
  }

  private static String entry(String name, String value) {
    return "  \"%s\": \"%s\""
        .formatted(name, value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", " "));
  }
}
