package io.panamba.model;

import java.util.function.Supplier;
import jdk.jfr.FlightRecorder;

/**
 * A recording whose event is made when Flight Recorder is first found to be there. The first event
 * of a process loads some hundred classes and takes a tenth of a second, which a process that never
 * records need not spend.
 */
final class LateRecording implements Recording {
  private Supplier<? extends Recording> maker;
  private Recording event;

  LateRecording(Supplier<? extends Recording> maker) {
    this.maker = maker;
  }

  @Override
  public boolean start() {
    if (event == null) {
      if (!FlightRecorder.isInitialized()) {
        return false;
      }
      event = maker.get();
      maker = null;
    }
    return event.start();
  }

  @Override
  public void stop() {
    event.stop();
  }
}
