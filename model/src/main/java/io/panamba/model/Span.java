package io.panamba.model;

import io.panamba.runtime.Device;
import java.util.function.Supplier;

/**
 * A stretch of time that Flight Recorder may want to know of. The only way to the event classes,
 * which can't be loaded where the module jdk.jfr is not there.
 */
interface Span {
  /** Whether event classes can be loaded. */
  boolean RECORDABLE =
      ModuleLayer.boot()
          .findModule("jdk.jfr")
          .filter(module -> Span.class.getModule().canRead(module))
          .isPresent();

  /** A span that nobody records. */
  Span NONE =
      new Span() {
        @Override
        public boolean start() {
          return false;
        }

        @Override
        public void stop() {}
      };

  /**
   * Starts the clock, if the span is to be recorded. Neither this nor {@link #stop} allocates, but
   * for the first time that Flight Recorder is there.
   *
   * @return whether {@link #stop} is to follow
   */
  boolean start();

  /** Stops the clock and records the span, which can be started again. */
  void stop();

  /** The loading of a network's weights into an arena. */
  static Span load(String checkpoint, VimConfig config, Device device, CountingArena arena) {
    return when(() -> new LoadEvent(checkpoint, config, device, arena));
  }

  /** The planning of an inference whose workspace is in an arena. */
  static Span plan(VimConfig config, InferenceOptions options, Device device, CountingArena arena) {
    return when(() -> new PlanEvent(config, options, device, arena));
  }

  /** A run of an inference. */
  static Span inference(VimConfig config, InferenceOptions options, Device device) {
    return when(() -> new InferenceEvent(config, options, device));
  }

  private static Span when(Supplier<? extends Span> event) {
    return RECORDABLE ? new LateSpan(event) : NONE;
  }
}
