package io.panamba.tests.memory;

import io.panamba.runtime.operation.Linear;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** The devices of a sweep, and the sizes that sweeps go over. */
@EnabledOnOs(value = OS.LINUX, disabledReason = "guard pages are mapped as on Linux")
abstract class Sweep {
  /** A width of one to four vectors of every tier, each with every tail. */
  static final int MAX_CHANNELS = 67;

  static final int MAX_LENGTH = 40;

  static final Linear.Activation[] ACTIVATIONS = Linear.Activation.values();

  static Devices devices;

  @BeforeAll
  static void openDevices() {
    devices = Devices.open();
  }

  @AfterAll
  static void closeDevices() {
    devices.close();
  }
}
