package io.panamba.cli;

import io.panamba.model.Inference;
import java.util.OptionalDouble;

/** Times runs by a GPU's own clock: its events, copies of image and results included. */
final class DeviceClock {
  private static final int RUNS = 51;

  private DeviceClock() {}

  /** The median of some runs in milliseconds; empty on a processor. */
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
}
