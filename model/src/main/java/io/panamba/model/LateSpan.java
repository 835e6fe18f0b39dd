package io.panamba.model;

import java.util.function.Supplier;
import jdk.jfr.FlightRecorder;

/**
 * A span whose event is made when Flight Recorder is first found to be there. The first event of a
 * process loads some hundred classes and takes a tenth of a second, which a process that never
 * records need not spend.
 */
final class LateSpan implements Span {
  private Supplier<? extends Span> maker;
  private Span event;

  LateSpan(Supplier<? extends Span> maker) {
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
