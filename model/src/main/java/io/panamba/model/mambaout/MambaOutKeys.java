package io.panamba.model.mambaout;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.KeyMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What tells a MambaOut's keys from others', and timm's names for them. The names here are those of
 * the authors ({@code models/mambaout.py}); what only timm's variants have is named as there.
 */
final class MambaOutKeys {
  /** (d0 / 2, colours, 3, 3). */
  static final String STEM = "downsample_layers.0.conv1.weight";

  /** (2 * hidden, d0). */
  static final String FIRST = "stages.0.0.fc1.weight";

  /** Of the head, (classes, 4 * width). */
  static final String HEAD = "head.fc2.weight";

  private static final String TIMM_STEM = "stem.conv1.weight";
  private static final String TIMM_FIRST = "stages.0.blocks.0.fc1.weight";

  /** The keys of every network, those of stages once. */
  static final Set<String> KINDS =
      Set.of(
          "downsample_layers.#.conv1.weight",
          "downsample_layers.#.conv1.bias",
          "downsample_layers.#.conv2.weight",
          "downsample_layers.#.conv2.bias",
          "downsample_layers.#.norm2.weight",
          "downsample_layers.#.norm2.bias",
          "downsample_layers.#.conv.weight",
          "downsample_layers.#.conv.bias",
          "downsample_layers.#.norm.weight",
          "downsample_layers.#.norm.bias",
          "stages.#.0.norm.weight",
          "stages.#.0.norm.bias",
          "stages.#.0.fc1.weight",
          "stages.#.0.fc1.bias",
          "stages.#.0.conv.weight",
          "stages.#.0.conv.bias",
          "stages.#.0.fc2.weight",
          "stages.#.0.fc2.bias",
          "norm.weight",
          "norm.bias");

  private static final List<String> STARTS =
      List.of("downsample_layers.", "stages.", "norm.", "head.");

  /** {@code head.norm} is in both, and not the same: the names tell by the stem which they are. */
  private static final KeyMap TIMM =
      KeyMap.builder()
          .rename("stem", "downsample_layers.0")
          .rename("stages.#.downsample", "downsample_layers.#")
          .rename("stages.#.blocks", "stages.#")
          .rename("head.norm", "norm")
          .rename("head.pre_logits.fc", "head.fc1")
          .rename("head.pre_logits.norm", "head.norm")
          .rename("head.fc", "head.fc2")
          .build();

  private MambaOutKeys() {}

  static boolean isKnown(String key) {
    return STARTS.stream().anyMatch(key::startsWith);
  }

  /**
   * Tells whether a checkpoint holds such a network, under either of the names.
   *
   * @param keys of the checkpoint
   * @return empty if it does, otherwise what is missing
   */
  static Optional<String> obstacle(Set<String> keys) {
    if (isTimm(keys) || (keys.contains(STEM) && keys.contains(FIRST))) {
      return Optional.empty();
    }
    return Optional.of((keys.contains(STEM) ? FIRST : STEM) + " is missing");
  }

  private static boolean isTimm(Set<String> keys) {
    return keys.contains(TIMM_STEM) && keys.contains(TIMM_FIRST);
  }

  /**
   * Reads a checkpoint under the authors' names.
   *
   * @param checkpoint of a MambaOut
   * @return the same, or a view of it
   * @throws io.panamba.model.checkpoint.WeightsException as of {@link Checkpoint#under}
   */
  static Checkpoint original(Checkpoint checkpoint) {
    return isTimm(checkpoint.keys()) ? checkpoint.under(TIMM) : checkpoint;
  }
}
