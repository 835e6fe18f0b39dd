package io.panamba.cli;

import io.panamba.model.Inference;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.Together;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;

/** Where the time of an inference goes: its operations, run one by one, by the device's clock. */
final class Profile {
  private static final int REPETITIONS = 15;

  /**
   * Operations of one kind.
   *
   * @param name of the kind, for products with their sizes
   * @param count in the network
   * @param millis of all of them together, each at its median
   * @param gigaflops a second, of products; otherwise NaN
   */
  record Row(String name, int count, double millis, double gigaflops) {}

  private Profile() {}

  /** Times every operation; the dearest kind comes first. */
  static List<Row> of(Inference inference) {
    List<Operation> operations = inference.operations();
    long[][] nanos = new long[operations.size()][REPETITIONS];
    for (int repetition = 0; repetition < REPETITIONS; repetition++) {
      for (int i = 0; i < nanos.length; i++) {
        long start = System.nanoTime();
        inference.run(i, 1);
        long elapsed = System.nanoTime() - start;
        OptionalDouble own = inference.deviceMillis();
        nanos[i][repetition] = own.isPresent() ? Math.round(own.getAsDouble() * 1e6) : elapsed;
      }
    }
    Map<String, Row> rows = new LinkedHashMap<>();
    for (int i = 0; i < nanos.length; i++) {
      Operation operation = operations.get(i);
      double millis = new Timings(nanos[i]).medianMillis();
      rows.merge(name(operation), row(operation, millis), Profile::add);
    }
    List<Row> sorted = new ArrayList<>(rows.values());
    sorted.sort(Comparator.comparingDouble(Row::millis).reversed());
    return sorted;
  }

  private static Row add(Row a, Row b) {
    double millis = a.millis + b.millis;
    double flops = a.gigaflops * a.millis + b.gigaflops * b.millis;
    return new Row(a.name, a.count + b.count, millis, flops / millis);
  }

  private static Row row(Operation operation, double millis) {
    int count = operation instanceof Together ? 2 : 1;
    return new Row(name(operation), count, millis, flops(operation) / millis / 1e6);
  }

  /** Two that run together are of one kind. */
  private static String name(Operation operation) {
    if (operation instanceof Together pair) {
      return name(pair.first());
    }
    String kind = operation.getClass().getSimpleName();
    return operation instanceof Linear linear
        ? String.format(
            Locale.ROOT,
            "%s (%d, %d, %d)",
            kind,
            linear.input().rows(),
            linear.weight().depth(),
            linear.weight().columns())
        : kind;
  }

  private static double flops(Operation operation) {
    return switch (operation) {
      case Together pair -> flops(pair.first()) + flops(pair.second());
      case Linear linear ->
          2.0 * linear.input().rows() * linear.weight().depth() * linear.weight().columns();
      default -> Double.NaN;
    };
  }
}
