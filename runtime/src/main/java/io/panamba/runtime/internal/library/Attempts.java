package io.panamba.runtime.internal.library;

import io.panamba.runtime.LibraryException;
import io.panamba.runtime.LibraryInfo.Attempt;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The places where a library was looked for, in order, and what came of each. */
public final class Attempts {
  /** The outcome of a place that a library was loaded from; words may follow. */
  public static final String LOADED = "loaded";

  private final List<Attempt> attempts = new ArrayList<>();

  /** Notes what came of a place. */
  public void note(String candidate, String outcome) {
    attempts.add(new Attempt(candidate, outcome));
  }

  /** Returns all so far. */
  public List<Attempt> all() {
    return List.copyOf(attempts);
  }

  /** Explains that no place had what was looked for. */
  public LibraryException failure(String what, String advice, Throwable cause) {
    String tried =
        attempts.stream()
            .filter(attempt -> !attempt.outcome().startsWith(LOADED))
            .map(attempt -> attempt.candidate() + ": " + attempt.outcome())
            .collect(Collectors.joining("; "));
    return new LibraryException(
        "%s can't be loaded. Tried: %s. %s".formatted(what, tried, advice), cause);
  }
}
