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

/** Hardware, JDK, library and command behind a file of results. */
final class Provenance {
  private Provenance() {}

  /**
   * Lists what was measured on what.
   *
   * @param command the arguments of java
   * @return members of a JSON object
   */
  static String of(String command) throws IOException {
    LibraryInfo library = LibraryInfo.current();
    List<String> lines = new ArrayList<>();
    lines.add(entry("command", "java " + command));
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

  /**
   * Writes a file of results: what was measured on what, and rows.
   *
   * @param file to be written
   * @param main whose main method measured
   * @param args of it
   * @param name of the rows
   * @param rows JSON
   */
  static void write(Path file, Class<?> main, String[] args, String name, List<String> rows)
      throws IOException {
    String command =
        "-cp jmh/target/benchmarks.jar %s %s".formatted(main.getName(), String.join(" ", args));
    Files.writeString(
        file,
        "{\n\"provenance\": {\n%s\n},\n\"%s\": [\n%s\n]}\n"
            .formatted(of(command), name, String.join(",\n", rows)));
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
