package io.panamba.model.vmamba;

import io.panamba.runtime.operation.CrossScan;

/** Where the four walks of a scan go, which no shape tells. */
public enum VmambaScan {
  /** Along rows and columns, from either end: of every published model. */
  CROSS(CrossScan.Walks.CROSS),
  /** Four times along rows. */
  UNIDI(CrossScan.Walks.UNIDI),
  /** Twice along rows from either end. */
  BIDI(CrossScan.Walks.BIDI);

  private final CrossScan.Walks walks;

  VmambaScan(CrossScan.Walks walks) {
    this.walks = walks;
  }

  CrossScan.Walks walks() {
    return walks;
  }
}
