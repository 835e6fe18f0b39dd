package io.panamba.cli;

import io.panamba.model.Inference;
import io.panamba.model.InferenceOptions;
import io.panamba.model.Vim;
import io.panamba.model.VimConfig;
import io.panamba.model.VimOptions;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.Device;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Describes a checkpoint's network and what it costs. */
final class WeightsReport {
  /** Keys that are named of those that were left out. */
  private static final int SHOWN = 5;

  private WeightsReport() {}

  static Map<String, Object> of(Path file, Device device, VimOptions options) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("file", file);
    try (Checkpoint checkpoint = Checkpoint.open(file);
        Vim vim = Vim.load(checkpoint, device, options)) {
      VimConfig config = vim.config();
      keys(object, Vim.reading(checkpoint));
      configuration(object, config);
      object.put("multiply_adds", config.multiplyAdds());
      object.put("scan_updates", config.scanUpdates());
      object.put("weight_bytes", vim.weightBytes());
      try (Inference inference = vim.plan(InferenceOptions.logits(1, config))) {
        object.put("bytes_per_image", inference.workspaceBytes());
      }
    }
    return object;
  }

  /** How the keys were read, where not all of them are the network's as they stand. */
  private static void keys(Map<String, Object> object, Checkpoint checkpoint) {
    String dictionary = checkpoint.metadata().getOrDefault("dictionary", "");
    if (!dictionary.isEmpty()) {
      object.put("dictionary", dictionary);
    }
    if (!checkpoint.removedPrefixes().isEmpty()) {
      object.put("removed_prefixes", checkpoint.removedPrefixes());
    }
    List<String> leftOut =
        checkpoint.keys().stream()
            .filter(key -> checkpoint.isBeside(key) && !Vim.isKnownKey(key))
            .toList();
    if (!leftOut.isEmpty()) {
      object.put("left_out", leftOut.size() + ": " + String.join(", ", first(leftOut)));
    }
    object.put("parameters", parameters(checkpoint));
  }

  private static List<String> first(List<String> keys) {
    return keys.subList(0, Math.min(SHOWN, keys.size()));
  }

  private static void configuration(Map<String, Object> object, VimConfig config) {
    object.put("image_size", config.imageHeight() + "x" + config.imageWidth());
    object.put("patch", config.patch());
    object.put("stride", config.stride());
    object.put("tokens", config.length());
    object.put("depth", config.depth());
    object.put("dim", config.dim());
    object.put("inner", config.inner());
    object.put("states", config.states());
    object.put("dt_rank", config.dtRank());
    object.put("kernel", config.kernel());
    object.put("classes", config.classes());
    object.put("class_token", name(config.classToken()));
    object.put("pool", name(config.pooling()));
    object.put("bimamba", name(config.bimamba()));
    object.put("divide_out", config.divideOut());
    object.put("layer_bidirectional", config.layerBidirectional());
    object.put("rope", config.rope());
    object.put("rope_residual", config.ropeResidual());
    object.put("layer_scale", config.layerScale());
    object.put("norm", config.layerNorm() ? "layer" : "rms");
    object.put("position_embedding", config.positions());
    object.put("position_interpolation", name(config.positionInterpolation()));
  }

  private static String name(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  /** Buffers of the rotary embedding are stored with the parameters, but aren't learned. */
  private static long parameters(Checkpoint checkpoint) {
    long count = 0;
    for (String key : checkpoint.keys()) {
      if (Vim.isKnownKey(key) && !key.startsWith("rope.")) {
        count += checkpoint.find(key).orElseThrow().shape().elements();
      }
    }
    return count;
  }
}
