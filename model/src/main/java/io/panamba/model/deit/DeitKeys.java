package io.panamba.model.deit;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.KeyMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What tells a DeiT's keys from others', and the names that other programs have for them. The names
 * here are those of the authors ({@code deit/models.py}, {@code models_v2.py}), which timm has too,
 * but for the layer scale.
 */
final class DeitKeys {
  /** Rows q, k and v of the first layer: (3 * dim, dim). */
  static final String FIRST = "blocks.0.attn.qkv.weight";

  /** (dim, colours, patch, patch). */
  static final String PROJECTION = "patch_embed.proj.weight";

  /** Of the position embedding, (1, tokens, dim). */
  static final String POSITIONS = "pos_embed";

  /** (1, 1, dim). */
  static final String CLASS_TOKEN = "cls_token";

  /** Of distilled networks, (1, 1, dim). */
  static final String DISTILLATION_TOKEN = "dist_token";

  /** Of the class token's head, (classes, dim). */
  static final String HEAD = "head.weight";

  /** Of the distillation token's head, (classes, dim). */
  static final String DISTILLATION_HEAD = "head_dist.weight";

  /** The keys of every network, those of layers once. */
  static final Set<String> KINDS =
      Set.of(
          CLASS_TOKEN,
          POSITIONS,
          PROJECTION,
          "patch_embed.proj.bias",
          "blocks.#.norm1.weight",
          "blocks.#.norm1.bias",
          "blocks.#.attn.qkv.weight",
          "blocks.#.attn.proj.weight",
          "blocks.#.attn.proj.bias",
          "blocks.#.norm2.weight",
          "blocks.#.norm2.bias",
          "blocks.#.mlp.fc1.weight",
          "blocks.#.mlp.fc1.bias",
          "blocks.#.mlp.fc2.weight",
          "blocks.#.mlp.fc2.bias",
          "norm.weight",
          "norm.bias");

  private static final List<String> STARTS =
      List.of(
          "patch_embed.",
          CLASS_TOKEN,
          DISTILLATION_TOKEN,
          POSITIONS,
          "blocks.",
          "norm.",
          "head.",
          "head_dist.");

  /** Of transformers, after the prefix of the class that was saved. */
  private static final String FIRST_QUERY = "encoder.layer.0.attention.attention.query.weight";

  /** Of a layer's scales, as timm names them. */
  private static final String TIMM_SCALE = ".ls1.gamma";

  /** Plain networks, distilled ones, and those that were saved without a head. */
  private static final List<String> PREFIXES = List.of("vit.", "deit.", "");

  private static final KeyMap TIMM =
      KeyMap.builder()
          .rename("blocks.#.ls1.gamma", "blocks.#.gamma_1")
          .rename("blocks.#.ls2.gamma", "blocks.#.gamma_2")
          .build();

  private DeitKeys() {}

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
    return keys.contains(FIRST) || prefix(keys).isPresent()
        ? Optional.empty()
        : Optional.of(FIRST + " is missing");
  }

  private static Optional<String> prefix(Set<String> keys) {
    return PREFIXES.stream().filter(prefix -> keys.contains(prefix + FIRST_QUERY)).findFirst();
  }

  /**
   * Reads a checkpoint under the authors' names.
   *
   * @param checkpoint of a DeiT
   * @return the same, or a view of it
   * @throws io.panamba.model.checkpoint.WeightsException as of {@link Checkpoint#under}
   */
  static Checkpoint original(Checkpoint checkpoint) {
    Optional<String> prefix = prefix(checkpoint.keys());
    if (prefix.isPresent()) {
      return checkpoint.under(transformers(prefix.get()));
    }
    return checkpoint.keys().stream().anyMatch(key -> key.endsWith(TIMM_SCALE))
        ? checkpoint.under(TIMM)
        : checkpoint;
  }

  /** The names in files of transformers. */
  private static KeyMap transformers(String prefix) {
    String embeddings = prefix + "embeddings.";
    String layer = prefix + "encoder.layer.#.";
    KeyMap.Builder names =
        KeyMap.builder()
            .rename(embeddings + "cls_token", CLASS_TOKEN)
            .rename(embeddings + "distillation_token", DISTILLATION_TOKEN)
            .rename(embeddings + "position_embeddings", POSITIONS)
            .rename(embeddings + "patch_embeddings.projection", "patch_embed.proj")
            .rename(layer + "layernorm_before", "blocks.#.norm1")
            .join(
                "blocks.#.attn.qkv",
                layer + "attention.attention.query",
                layer + "attention.attention.key",
                layer + "attention.attention.value")
            .rename(layer + "attention.output.dense", "blocks.#.attn.proj")
            .rename(layer + "layernorm_after", "blocks.#.norm2")
            .rename(layer + "intermediate.dense", "blocks.#.mlp.fc1")
            .rename(layer + "output.dense", "blocks.#.mlp.fc2")
            .rename(prefix + "layernorm", "norm")
            // Beside a classifier it is not computed.
            .leaveOut(prefix + "pooler.dense");
    if (prefix.equals("deit.")) {
      names.rename("cls_classifier", "head").rename("distillation_classifier", "head_dist");
    }
    // A network with a distillation token may have been saved with one head too.
    return names.rename("classifier", "head").build();
  }
}
