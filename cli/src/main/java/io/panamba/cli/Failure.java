package io.panamba.cli;

import io.panamba.model.files.PathText;
import io.panamba.runtime.PanambaException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.stream.Collectors;

/** Errors in words. */
final class Failure {
  private Failure() {}

  /** Says what went wrong, for a person who doesn't read Java. */
  static String message(Throwable e) {
    return switch (e) {
      case PanambaException _, IllegalArgumentException _ when e.getMessage() != null ->
          e.getMessage();
      case UncheckedIOException unchecked -> message(unchecked.getCause());
      case NoSuchFileException missing -> missing.getFile() + " does not exist";
      case AccessDeniedException denied -> denied.getFile() + " may not be opened";
      case FileSystemException _, FileNotFoundException _ -> e.getMessage();
      case IOException _ when e.getMessage() != null -> e.getMessage();
      case OutOfMemoryError _ ->
          "out of memory (%s): take a smaller batch or image, or give the JVM more"
              .formatted(e.getMessage());
      default -> "internal error: %s (--verbose shows where)".formatted(e);
    };
  }

  /** Joins the lines of a message, and escapes what a terminal would obey. */
  static String oneLine(String message) {
    return PathText.printable(
        message
            .lines()
            .map(String::strip)
            .filter(line -> !line.isEmpty())
            .collect(Collectors.joining(" ")));
  }
}
