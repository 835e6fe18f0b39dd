package io.panamba.model;

import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.memory.CountingArena;
import io.panamba.runtime.Device;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;

/** The planning of an inference. */
@Name("io.panamba.Plan")
@Label("Plan")
@Description("The planning of an inference: a position embedding where it is new, and a workspace")
final class PlanEvent extends DeviceEvent {
  private final transient CountingArena arena;

  @Label("Batch")
  @Description("Images of a run")
  final int batch;

  @Label("Height")
  @Description("Height of the images in pixels")
  final int height;

  @Label("Width")
  @Description("Width of the images in pixels")
  final int width;

  @Label("Tokens")
  @Description("Length of an image's sequence, class tokens included")
  final long tokens;

  @Label("Workspace")
  @Description("Memory of input, activations and results")
  @DataAmount
  long workspace;

  PlanEvent(NetworkConfig config, InferenceOptions options, Device device, CountingArena arena) {
    super(config, device);
    this.arena = arena;
    this.batch = options.batch();
    this.height = options.height();
    this.width = options.width();
    this.tokens = config.tokens();
  }

  @Override
  public void stop() {
    workspace = arena.bytes();
    super.stop();
  }
}
