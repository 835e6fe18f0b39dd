package io.panamba.cli;

import io.panamba.model.Architectures;
import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.architecture.Architecture;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Settings;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.Device;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Describes a checkpoint's network and what it costs. */
final class WeightsReport {
  /** Keys that are named of those that were left out. */
  private static final int SHOWN = 5;

  private WeightsReport() {}

  static Map<String, Object> of(Path file, Device device, Settings settings) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("file", file);
    try (Checkpoint checkpoint = Checkpoint.open(file);
        Network network = Network.load(checkpoint, device, settings)) {
      NetworkConfig config = network.config();
      keys(object, Architectures.recognise(checkpoint).checkpoint(), network.family());
      object.put("architecture", network.family().name());
      object.putAll(config.describe());
      object.put("multiply_adds", config.cost().multiplyAdds());
      object.put("multiply_adds_of", config.cost().operations());
      object.put("scan_updates", config.cost().scanUpdates());
      object.put("weight_bytes", network.weightBytes());
      try (Inference inference = network.plan(InferenceOptions.logits(1, config))) {
        object.put("bytes_per_image", inference.workspaceBytes());
      }
    }
    return object;
  }

  /** How the keys were read, where not all of them are the network's as they stand. */
  private static void keys(
      Map<String, Object> object, Checkpoint checkpoint, Architecture<?> family) {
    String dictionary = checkpoint.metadata().getOrDefault("dictionary", "");
    if (!dictionary.isEmpty()) {
      object.put("dictionary", dictionary);
    }
    if (!checkpoint.removedPrefixes().isEmpty()) {
      object.put("removed_prefixes", checkpoint.removedPrefixes());
    }
    List<String> leftOut =
        checkpoint.keys().stream()
            .filter(key -> checkpoint.isBeside(key) && !family.isKnown(key))
            .toList();
    if (!leftOut.isEmpty()) {
      object.put("left_out", leftOut.size() + ": " + String.join(", ", first(leftOut)));
    }
    object.put("parameters", parameters(checkpoint, family));
  }

  private static List<String> first(List<String> keys) {
    return keys.subList(0, Math.min(SHOWN, keys.size()));
  }

  /** Buffers of the rotary embedding are stored with the parameters, but aren't learned. */
  private static long parameters(Checkpoint checkpoint, Architecture<?> family) {
    long count = 0;
    for (String key : checkpoint.keys()) {
      if (family.isKnown(key) && !key.startsWith("rope.")) {
        count += checkpoint.find(key).orElseThrow().shape().elements();
      }
    }
    return count;
  }
}
