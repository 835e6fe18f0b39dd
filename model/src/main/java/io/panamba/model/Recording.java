package io.panamba.model;

import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.memory.CountingArena;
import io.panamba.runtime.Device;
import java.util.function.Supplier;

/**
 * What Flight Recorder may want to know of: how long something took. The only way to the event
 * classes, which can't be loaded where the module jdk.jfr is not there.
 */
interface Recording {
  /** Whether event classes can be loaded. */
  boolean RECORDABLE =
      ModuleLayer.boot()
          .findModule("jdk.jfr")
          .filter(module -> Recording.class.getModule().canRead(module))
          .isPresent();

  /** A recording that is never made. */
  Recording NONE =
      new Recording() {
        @Override
        public boolean start() {
          return false;
        }

        @Override
        public void stop() {}
      };

  /**
   * Starts the clock, if somebody records. Neither this nor {@link #stop} allocates, but for the
   * first time that Flight Recorder is there.
   *
   * @return whether {@link #stop} is to follow
   */
  boolean start();

  /** Stops the clock and hands the event over; it can be started again. */
  void stop();

  /** The loading of a network's weights into an arena. */
  static Recording load(
      String checkpoint, NetworkConfig config, Device device, CountingArena arena) {
    return when(() -> new LoadEvent(checkpoint, config, device, arena));
  }

  /** The planning of an inference whose workspace is in an arena. */
  static Recording plan(
      NetworkConfig config, InferenceOptions options, Device device, CountingArena arena) {
    return when(() -> new PlanEvent(config, options, device, arena));
  }

  /** A run of an inference. */
  static Recording inference(NetworkConfig config, InferenceOptions options, Device device) {
    return when(() -> new InferenceEvent(config, options, device));
  }

  private static Recording when(Supplier<? extends Recording> event) {
    return RECORDABLE ? new LateRecording(event) : NONE;
  }
}
