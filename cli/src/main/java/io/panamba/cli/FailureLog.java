package io.panamba.cli;

import java.util.function.Consumer;

/** Reports what can't be read, a line each, and counts it; the work goes on. */
final class FailureLog {
  private final String command;
  private Consumer<String> lines;
  private int count;

  /**
   * Creates a log without entries.
   *
   * @param command begins every line
   * @param lines where they go
   */
  FailureLog(String command, Consumer<String> lines) {
    this.command = command;
    this.lines = lines;
  }

  /** Sends further lines elsewhere. */
  void redirect(Consumer<String> target) {
    lines = target;
  }

  /** Reports a failure and returns its message. */
  String add(Exception e) {
    count++;
    String message = Failure.oneLine(Failure.message(e));
    lines.accept(command + ": " + message);
    return message;
  }

  /** Reports what is no failure. */
  void note(String message) {
    lines.accept(command + ": " + message);
  }

  int count() {
    return count;
  }
}
