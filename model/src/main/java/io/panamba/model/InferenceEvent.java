package io.panamba.model;

import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.runtime.Device;
import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;

/** One run of an inference. */
@Name("io.panamba.Inference")
@Label("Inference")
@Description("A run of a planned network")
final class InferenceEvent extends DeviceEvent {
  @Label("Batch")
  @Description("Images of the run")
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

  InferenceEvent(NetworkConfig config, InferenceOptions options, Device device) {
    super(config, device);
    this.batch = options.batch();
    this.height = options.height();
    this.width = options.width();
    this.tokens = config.tokens();
  }
}
