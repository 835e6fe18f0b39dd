package io.panamba.model.vim;

import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** What tells a Vim network's keys from others'. */
final class VimKeys {
  /** The weight that no Vim network lacks. */
  static final String PROJECTION = "patch_embed.proj.weight";

  /** Of the position embedding, (1, tokens, dim). */
  static final String POSITIONS = "pos_embed";

  private static final List<String> STARTS =
      List.of("patch_embed.", "cls_token", "pos_embed", "rope.", "layers.", "norm_f.", "head.");

  /** The keys of every Vim network, those of layers once. */
  static final Set<String> KINDS =
      Set.of(
          PROJECTION,
          "patch_embed.proj.bias",
          "layers.#.norm.weight",
          "layers.#.mixer.in_proj.weight",
          "layers.#.mixer.conv1d.weight",
          "layers.#.mixer.x_proj.weight",
          "layers.#.mixer.dt_proj.weight",
          "layers.#.mixer.A_log",
          "layers.#.mixer.D",
          "layers.#.mixer.out_proj.weight",
          "norm_f.weight");

  private static final Pattern OF_LAYER =
      Pattern.compile("layers\\.(?!\\d+\\.(blocks|downsample)\\.).*");

  private VimKeys() {}

  /** Whether a key is such as only Vim networks have: layers of pyramids have blocks. */
  static boolean isOfVim(String key) {
    return OF_LAYER.matcher(key).matches() || key.startsWith("norm_f.");
  }

  static boolean isKnown(String key) {
    return STARTS.stream().anyMatch(key::startsWith);
  }
}
