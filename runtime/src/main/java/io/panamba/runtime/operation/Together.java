package io.panamba.runtime.operation;

import io.panamba.runtime.ShapeException;
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
    List<Operand> firstWrites = first.writes();
    List<Operand> secondWrites = second.writes();
    requireApart(firstWrites, second.reads());
    requireApart(firstWrites, secondWrites);
    requireApart(secondWrites, first.reads());
  }

  private static void requireApart(List<Operand> written, List<Operand> others) {
    for (Operand one : written) {
      for (Operand other : others) {
        if (Operand.overlap(one, other)) {
          throw new ShapeException(
              "%s: one operation writes %s, the other uses %s of the same memory"
                  .formatted(NAME, one, other));
        }
      }
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
