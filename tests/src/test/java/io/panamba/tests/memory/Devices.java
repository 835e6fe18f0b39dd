package io.panamba.tests.memory;

import io.panamba.runtime.Device;

/** A device of one thread and one of two, whose packed matrices are the same. */
record Devices(Device one, Device two) implements AutoCloseable {
  static Devices open() {
    return new Devices(Device.cpu(1), Device.cpu(2));
  }

  @Override
  public void close() {
    one.close();
    two.close();
  }
}
