package io.panamba.cli;

import io.panamba.model.Inference;
import io.panamba.runtime.operation.Copy;
import io.panamba.runtime.operation.Operation;
import java.util.List;
import java.util.OptionalDouble;

/** Times runs by a GPU's own clock. */
final class DeviceClock {
  private static final int RUNS = 51;

  private DeviceClock() {}

  /** The median of some runs in milliseconds, copies included; empty on a processor. */
  static OptionalDouble medianMillis(Inference inference) {
    long[] nanos = new long[RUNS];
    for (int i = 0; i < RUNS; i++) {
      inference.run();
      OptionalDouble millis = inference.deviceMillis();
      if (millis.isEmpty()) {
        return millis;
      }
      nanos[i] = Math.round(millis.getAsDouble() * 1e6);
    }
    return OptionalDouble.of(new Timings(nanos).medianMillis());
  }

  /**
   * Milliseconds of everything but the copies of image and results, which mean nothing afterwards;
   * empty on a processor.
   */
  static OptionalDouble computeMillis(Inference inference) {
    List<Operation> operations = inference.operations();
    int first = 0;
    int last = operations.size();
    while (first < last && operations.get(first) instanceof Copy) {
      first++;
    }
    while (first < last && operations.get(last - 1) instanceof Copy) {
      last--;
    }
    return inference.measure(first, last - first);
  }
}
