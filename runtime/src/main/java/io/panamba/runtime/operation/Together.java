package io.panamba.runtime.operation;

import io.panamba.runtime.internal.Checks;
import java.util.List;
import java.util.stream.Stream;

/**
 * Two operations that may run at the same time, each on a half of the threads if they are alike.
 * Neither writes what the other reads or writes.
 *
 * @param first one of them
 * @param second the other
 */
public record Together(Operation first, Operation second) implements Operation {
  private static final String NAME = "together";

  /** Checks that there are two, that neither is such a pair, and that they share no memory. */
  public Together {
    Checks.present(NAME, "first", first);
    Checks.present(NAME, "second", second);
    Checks.require(
        !(first instanceof Together) && !(second instanceof Together),
        NAME,
        "two operations, neither of which is a pair itself");
    requireApart(first, second);
    requireApart(second, first);
  }

  private static void requireApart(Operation writer, Operation other) {
    for (Operand written : writer.writes()) {
      requireNone(written, other.reads());
      requireNone(written, other.writes());
    }
  }

  private static void requireNone(Operand written, List<Operand> others) {
    for (Operand other : others) {
      Checks.require(
          !Operand.overlap(written, other),
          NAME,
          "one operation writes %s, the other uses %s of the same memory",
          written,
          other);
    }
  }

  @Override
  public List<Operand> reads() {
    return Stream.of(first, second).flatMap(one -> one.reads().stream()).toList();
  }

  @Override
  public List<Operand> writes() {
    return Stream.of(first, second).flatMap(one -> one.writes().stream()).toList();
  }
}
