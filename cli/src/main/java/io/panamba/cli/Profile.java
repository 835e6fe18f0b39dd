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

/**
 * Where the time of an inference goes: its operations, run one by one. A GPU measures copies of
 * each in a row, by its own clock; results mean nothing afterwards.
 */
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
      for (int i = 0; i < nanos.length; i += inference.joined(i)) {
        nanos[i][repetition] = nanos(inference, i);
      }
    }
    Map<String, Row> rows = new LinkedHashMap<>();
    for (int i = 0; i < nanos.length; i += inference.joined(i)) {
      double millis = new Timings(nanos[i]).medianMillis();
      Row row = row(operations.subList(i, i + inference.joined(i)), millis);
      rows.merge(row.name, row, Profile::add);
    }
    List<Row> sorted = new ArrayList<>(rows.values());
    sorted.sort(Comparator.comparingDouble(Row::millis).reversed());
    return sorted;
  }

  private static long nanos(Inference inference, int first) {
    OptionalDouble own = inference.measure(first, inference.joined(first));
    if (own.isPresent()) {
      return Math.round(own.getAsDouble() * 1e6);
    }
    long start = System.nanoTime();
    inference.run(first, 1);
    return System.nanoTime() - start;
  }

  private static Row add(Row a, Row b) {
    double millis = a.millis + b.millis;
    double flops = a.gigaflops * a.millis + b.gigaflops * b.millis;
    return new Row(a.name, a.count + b.count, millis, flops / millis);
  }

  /** Of operations of one kind that run as one. */
  private static Row row(List<Operation> operations, double millis) {
    int count = operations.getFirst() instanceof Together ? 2 : operations.size();
    double flops = operations.stream().mapToDouble(Profile::flops).sum();
    return new Row(name(operations.getFirst()), count, millis, flops / millis / 1e6);
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
