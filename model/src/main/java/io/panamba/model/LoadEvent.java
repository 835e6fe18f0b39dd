package io.panamba.model;

import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.memory.CountingArena;
import io.panamba.runtime.Device;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;

/** The loading of a network. */
@Name("io.panamba.Load")
@Label("Load")
@Description("The loading of a network: its weights read, checked and packed")
final class LoadEvent extends DeviceEvent {
  private final transient CountingArena arena;

  @Label("Checkpoint")
  @Description("The file, or 'memory'")
  final String checkpoint;

  @Label("Layers")
  final int layers;

  @Label("Width")
  @Description("Width of the residual stream")
  final int dim;

  @Label("Weights")
  @Description("Memory of the packed weights")
  @DataAmount
  long weights;

  LoadEvent(String checkpoint, NetworkConfig config, Device device, CountingArena arena) {
    super(config, device);
    this.arena = arena;
    this.checkpoint = checkpoint;
    this.layers = config.depth();
    this.dim = config.width();
  }

  @Override
  public void stop() {
    weights = arena.bytes();
    super.stop();
  }
}
