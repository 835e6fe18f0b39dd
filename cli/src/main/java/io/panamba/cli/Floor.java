package io.panamba.cli;

import io.panamba.model.architecture.Cost;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Precision;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;

/**
 * What the arithmetic of an inference takes at the measured peak of a device's multiply-adds.
 *
 * @param millis that it takes
 * @param productPeak of products in the network's precision, floating-point operations a second
 * @param scanPeak of float32, which scans are in always
 */
record Floor(double millis, double productPeak, double scanPeak) {
  /**
   * Measures a device's peak as it is now: on a shared machine it moves by a tenth within seconds,
   * so a time is compared with the peak that was measured beside it.
   *
   * @param batch images of an inference
   */
  static Floor measure(Device device, NetworkConfig config, int batch) {
    double products = device.measurePeak(device.threads(), config.precision().dtype());
    double scans =
        config.precision() == Precision.FP32
            ? products
            : device.measurePeak(device.threads(), DType.F32);
    double seconds =
        2.0 * batch * config.cost().multiplyAdds() / products
            + Cost.FLOPS_PER_SCAN_UPDATE * batch * config.cost().scanUpdates() / scans;
    return new Floor(seconds * 1e3, products, scans);
  }
}
