package io.panamba.model.vmamba;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.KeyMap;
import io.panamba.runtime.Shape;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What tells a VMamba's keys from others', and the names and shapes that other files have. Those
 * here are of the authors' classification tree ({@code models/vmamba.py}).
 */
final class VmambaKeys {
  /** (4 * inner, states), by which a VMamba is recognised. */
  static final String FIRST = "layers.0.blocks.0.op.A_logs";

  /** (d0 or d0 / 2, colours, side, side). */
  static final String STEM = "patch_embed.0.weight";

  /** (classes, dim). */
  static final String HEAD = "classifier.head.weight";

  /** Before February 2024. */
  private static final String OLD_FIRST = "layers.0.blocks.0.self_attention.A_logs";

  /** The keys of every network, those of layers once. */
  static final Set<String> KINDS =
      Set.of(
          "patch_embed.0.weight",
          "patch_embed.0.bias",
          "patch_embed.2.weight",
          "patch_embed.2.bias",
          "layers.#.blocks.0.norm.weight",
          "layers.#.blocks.0.norm.bias",
          "layers.#.blocks.0.op.A_logs",
          "layers.#.blocks.0.op.Ds",
          "layers.#.blocks.0.op.x_proj_weight",
          "layers.#.blocks.0.op.dt_projs_weight",
          "layers.#.blocks.0.op.dt_projs_bias",
          "layers.#.blocks.0.op.conv2d.weight",
          "layers.#.blocks.0.op.in_proj.weight",
          "layers.#.blocks.0.op.out_norm.weight",
          "layers.#.blocks.0.op.out_norm.bias",
          "layers.#.blocks.0.op.out_proj.weight",
          "classifier.norm.weight",
          "classifier.norm.bias");

  private static final List<String> STARTS = List.of("patch_embed.", "layers.", "classifier.");

  private static final KeyMap OLD =
      KeyMap.builder()
          .rename("patch_embed.proj", "patch_embed.0")
          .rename("patch_embed.norm", "patch_embed.2")
          .rename("layers.#.blocks.#.ln_1", "layers.#.blocks.#.norm")
          .rename("layers.#.blocks.#.self_attention", "layers.#.blocks.#.op")
          .rename("norm", "classifier.norm")
          .rename("head", "classifier.head")
          .build();

  /** The one-file model, second family. */
  private static final KeyMap ONE_FILE =
      KeyMap.builder()
          .rename("layers.#.blocks.#.op.x_proj.weight", "layers.#.blocks.#.op.x_proj_weight")
          .rename("layers.#.blocks.#.op.dt_projs.weight", "layers.#.blocks.#.op.dt_projs_weight")
          .build();

  /** The one-file model, "vanilla". */
  private static final KeyMap ONE_FILE_MERGING =
      KeyMap.builder()
          .rename("layers.#.downsample.1", "layers.#.downsample.norm")
          .rename("layers.#.downsample.2", "layers.#.downsample.reduction")
          .build();

  /** Products that may be stored as convolutions of one pixel. */
  private static final Pattern PRODUCT =
      Pattern.compile(".*\\.(in_proj|out_proj|fc1|fc2)\\.weight");

  private static final int WALKS = 4;

  private VmambaKeys() {}

  static boolean isKnown(String key) {
    return STARTS.stream().anyMatch(key::startsWith);
  }

  /**
   * Tells whether a checkpoint holds such a network, under any of the names.
   *
   * @param keys of the checkpoint
   * @return empty if it does, otherwise what is missing
   */
  static Optional<String> obstacle(Set<String> keys) {
    return keys.contains(FIRST) || keys.contains(OLD_FIRST)
        ? Optional.empty()
        : Optional.of(FIRST + " is missing");
  }

  /**
   * Reads a checkpoint under the names and shapes of the classification tree.
   *
   * @param checkpoint of a VMamba
   * @return the same, or a view of it
   * @throws io.panamba.model.checkpoint.WeightsException as of {@link Checkpoint#under}
   */
  static Checkpoint original(Checkpoint checkpoint) {
    Checkpoint named = checkpoint;
    if (checkpoint.keys().contains(OLD_FIRST)) {
      named = checkpoint.under(OLD);
    } else if (checkpoint.keys().contains("layers.0.blocks.0.op.x_proj.weight")) {
      named = checkpoint.under(ONE_FILE);
    } else if (checkpoint
        .find("layers.0.downsample.1.weight")
        .filter(weight -> weight.shape().rank() == 1)
        .isPresent()) {
      named = checkpoint.under(ONE_FILE_MERGING);
    }
    return named.shaped(VmambaKeys::shape);
  }

  /** The shape of the classification tree, where another file's is one of the others. */
  private static Shape shape(String key, Shape shape) {
    boolean stacked = key.endsWith(".x_proj_weight") || key.endsWith(".dt_projs_weight");
    if (stacked && shape.rank() == 2 && shape.size(0) % WALKS == 0) {
      return Shape.of(WALKS, shape.size(0) / WALKS, shape.size(1));
    }
    boolean pixel = shape.rank() == 4 && shape.size(2) == 1 && shape.size(3) == 1;
    return pixel && PRODUCT.matcher(key).matches() ? Shape.of(shape.size(0), shape.size(1)) : shape;
  }
}
