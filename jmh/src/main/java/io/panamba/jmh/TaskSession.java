package io.panamba.jmh;

import io.panamba.model.Architectures;
import io.panamba.model.Network;
import io.panamba.model.architecture.Cost;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Settings;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.image.RgbImage;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import java.lang.foreign.Arena;
import java.util.Random;

/** What the benchmark of a task needs: a device, random weights, and a picture of noise. */
final class TaskSession implements AutoCloseable {
  private final int threads;
  final Device device;
  final Arena arena = Arena.ofShared();
  final Checkpoint checkpoint;

  /**
   * Draws a network.
   *
   * @param preset a name such as {@code upernet-vim-tiny}
   * @param imageSize side of the network's images in pixels
   */
  TaskSession(String preset, int imageSize, int threads) {
    this.threads = threads;
    device = Device.cpu(threads);
    Settings settings = Settings.none().withImageSize(imageSize);
    checkpoint = Checkpoint.of(Architectures.preset(preset).draw(settings, 1, arena));
  }

  /** Loads the network in float32. */
  Network load(int imageSize) {
    return Network.load(checkpoint, device, Settings.none().withImageSize(imageSize));
  }

  /** A square picture. */
  static RgbImage picture(int side) {
    byte[] pixels = new byte[side * side * RgbImage.CHANNELS];
    new Random(1).nextBytes(pixels);
    return RgbImage.of(side, side, pixels);
  }

  /**
   * Prints the time of arithmetic at the measured peak of the threads in float32.
   *
   * @param multiplyAdds without scans
   * @param scanUpdates state updates
   */
  void printFloor(double multiplyAdds, double scanUpdates) {
    double flops = 2 * multiplyAdds + Cost.FLOPS_PER_SCAN_UPDATE * scanUpdates;
    System.out.printf(
        "%n# Floor: %.1f ms (%.2f G multiply-adds, %.2f G state updates)%n",
        1e3 * flops / device.measurePeak(threads, DType.F32),
        multiplyAdds * 1e-9,
        scanUpdates * 1e-9);
  }

  /** Prints the floor of all that a network's description counts. */
  void printFloor(NetworkConfig config) {
    printFloor((double) config.cost().multiplyAdds(), (double) config.cost().scanUpdates());
  }

  @Override
  public void close() {
    checkpoint.close();
    arena.close();
    device.close();
  }
}
