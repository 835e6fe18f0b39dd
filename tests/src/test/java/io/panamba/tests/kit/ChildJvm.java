package io.panamba.tests.kit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs a main class in a JVM of its own, on this one's class path. */
public final class ChildJvm {
  private ChildJvm() {}

  /**
   * How a child ended.
   *
   * @param exitCode above 128 if a signal ended it
   * @param output what it printed, errors included
   */
  public record Result(int exitCode, String output) {}

  /**
   * Runs a main class to its end.
   *
   * @param options of the JVM
   * @param main the class
   * @param arguments of its main method
   * @return how it ended
   */
  public static Result run(List<String> options, Class<?> main, String... arguments) {
    try {
      Process process = start(options, main, arguments);
      String output =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      return new Result(process.waitFor(), output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while a child runs", e);
    }
  }

  /**
   * Starts a main class, with errors in its output and nothing in its input.
   *
   * @param options of the JVM
   * @param main the class
   * @param arguments of its main method
   * @return the child
   * @throws IOException if it can't be started
   */
  public static Process start(List<String> options, Class<?> main, String... arguments)
      throws IOException {
    Process process = builder(options, main, arguments).redirectErrorStream(true).start();
    process.getOutputStream().close();
    return process;
  }

  /**
   * Returns what would start a main class, so that its streams can be sent elsewhere.
   *
   * @param options of the JVM
   * @param main the class
   * @param arguments of its main method
   * @return a process to be started
   */
  public static ProcessBuilder builder(List<String> options, Class<?> main, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(options);
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(main.getName());
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command);
  }
}
