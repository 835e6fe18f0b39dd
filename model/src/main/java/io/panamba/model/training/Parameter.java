package io.panamba.model.training;

import io.panamba.model.block.ClassToken;
import io.panamba.model.VimConfig;
import io.panamba.runtime.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * A tensor that training changes.
 *
 * @param key in the original state dict
 * @param published the shape under that key
 * @param transposed whether kernels take the transpose: (E, n) or (E, 1, n) is kept as (n, E)
 * @param decays whether weight decay applies; the original leaves out A_log, D, biases, norms,
 *     position embedding and class tokens
 */
record Parameter(String key, Shape published, boolean transposed, boolean decays) {
  /** The shape in which it is kept. */
  Shape kept() {
    if (!transposed) {
      return published;
    }
    return Shape.of(published.size(-1), published.size(0));
  }

  long elements() {
    return published.elements();
  }

  /** Lists the parameters of a network. */
  static List<Parameter> of(VimConfig config) {
    List<Parameter> list = new ArrayList<>();
    int dim = config.dim();
    for (String key : classTokens(config.classToken())) {
      list.add(plain(key, false, 1, 1, dim));
    }
    if (config.positions()) {
      list.add(plain("pos_embed", false, 1, config.length(), dim));
    }
    int patch = config.patch();
    list.add(plain("patch_embed.proj.weight", true, dim, config.colours(), patch, patch));
    list.add(plain("patch_embed.proj.bias", false, dim));
    list.add(plain("head.weight", true, config.classes(), dim));
    list.add(plain("head.bias", false, config.classes()));
    for (int i = 0; i < config.depth(); i++) {
      layer(list, config, "layers." + i + ".");
    }
    norm(list, config, "norm_f.");
    return list;
  }

  /** The keys of the class tokens, in the order of their places. */
  static List<String> classTokens(ClassToken token) {
    return switch (token) {
      case NONE -> List.of();
      case HEAD, MIDDLE -> List.of("cls_token");
      case DOUBLE -> List.of("cls_token_head", "cls_token_tail");
    };
  }

  private static void layer(List<Parameter> list, VimConfig config, String prefix) {
    int inner = config.inner();
    String mixer = prefix + "mixer.";
    list.add(plain(mixer + "in_proj.weight", true, 2L * inner, config.dim()));
    branch(list, config, mixer, "", "A_log");
    branch(list, config, mixer, "_b", "A_b_log");
    list.add(plain(mixer + "out_proj.weight", true, config.dim(), inner));
    norm(list, config, prefix + "norm.");
  }

  private static void branch(
      List<Parameter> list, VimConfig config, String mixer, String suffix, String aLog) {
    int inner = config.inner();
    int rank = config.dtRank();
    int states = config.states();
    list.add(transposed(mixer + aLog, false, inner, states));
    list.add(plain(mixer + "D" + suffix, false, inner));
    list.add(transposed(mixer + "conv1d" + suffix + ".weight", true, inner, 1, config.kernel()));
    list.add(plain(mixer + "conv1d" + suffix + ".bias", false, inner));
    list.add(plain(mixer + "x_proj" + suffix + ".weight", true, rank + 2L * states, inner));
    list.add(transposed(mixer + "dt_proj" + suffix + ".weight", true, inner, rank));
    list.add(plain(mixer + "dt_proj" + suffix + ".bias", false, inner));
  }

  private static void norm(List<Parameter> list, VimConfig config, String prefix) {
    list.add(plain(prefix + "weight", false, config.dim()));
    if (config.layerNorm()) {
      list.add(plain(prefix + "bias", false, config.dim()));
    }
  }

  private static Parameter plain(String key, boolean decays, long... sizes) {
    return new Parameter(key, Shape.of(sizes), false, decays);
  }

  private static Parameter transposed(String key, boolean decays, long... sizes) {
    return new Parameter(key, Shape.of(sizes), true, decays);
  }
}
