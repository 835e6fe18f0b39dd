package io.panamba.model;

import io.panamba.model.architecture.NetworkConfig;
import io.panamba.runtime.Device;
import java.util.Locale;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.StackTrace;

/**
 * What every event says.
 *
 * <p>An event object serves one recording after the other: {@code begin} sets the start anew, and
 * an explicit {@code end} the duration, which {@code commit} alone would keep from the last time.
 */
@Category("Panamba")
@StackTrace(false)
abstract class DeviceEvent extends Event implements Recording {
  @Label("Device")
  @Description("Kind of device")
  final String device;

  @Label("Tier")
  @Description("Instruction-set tier of the native library")
  final String tier;

  @Label("Threads")
  @Description("Threads of the device, the calling one included")
  final int threads;

  @Label("Precision")
  @Description("Type of weights and activations")
  final String precision;

  DeviceEvent(NetworkConfig config, Device device) {
    this.device = device.kind();
    this.tier = device.tier();
    this.threads = device.threads();
    this.precision = config.precision().name().toLowerCase(Locale.ROOT);
  }

  @Override
  public final boolean start() {
    if (!isEnabled()) {
      return false;
    }
    begin();
    return true;
  }

  @Override
  public void stop() {
    end();
    commit();
  }
}
