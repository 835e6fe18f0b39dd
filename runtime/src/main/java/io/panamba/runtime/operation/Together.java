package io.panamba.runtime.operation;

import io.panamba.runtime.internal.Checks;

/**
 * Two operations that may run at the same time, each on a half of the threads if they are alike.
 * Neither writes what the other reads or writes, which is the caller's promise.
 *
 * @param first one of them
 * @param second the other
 */
public record Together(Operation first, Operation second) implements Operation {
  private static final String NAME = "together";

  /** Checks that there are two, and that neither is such a pair. */
  public Together {
    Checks.present(NAME, "first", first);
    Checks.present(NAME, "second", second);
    Checks.require(
        !(first instanceof Together) && !(second instanceof Together),
        NAME,
        "two operations, neither of which is a pair itself");
  }
}
