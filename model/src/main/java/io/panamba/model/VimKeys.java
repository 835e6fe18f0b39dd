package io.panamba.model;

import io.panamba.model.checkpoint.Checkpoint;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What tells a Vim network's keys from others'. */
final class VimKeys {
  /** The weight that no Vim network lacks. */
  static final String PROJECTION = "patch_embed.proj.weight";

  private static final List<String> STARTS =
      List.of("patch_embed.", "cls_token", "pos_embed", "rope.", "layers.", "norm_f.", "head.");

  private static final Pattern LAYER = Pattern.compile("^layers\\.\\d+\\.");

  /** The keys of every Vim network, those of layers once. */
  private static final Set<String> KINDS =
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

  private static final int SHOWN = 3;

  private VimKeys() {}

  static boolean isKnown(String key) {
    return STARTS.stream().anyMatch(key::startsWith);
  }

  /** The first reading that has the projection of patches. */
  static Checkpoint reading(Checkpoint checkpoint) {
    List<Checkpoint> readings = checkpoint.readings();
    for (Checkpoint reading : readings) {
      if (reading.keys().contains(PROJECTION)) {
        return reading;
      }
    }
    throw new WeightsException(obstacle(checkpoint, readings));
  }

  private static String obstacle(Checkpoint checkpoint, List<Checkpoint> readings) {
    Set<String> keys = checkpoint.keys();
    int best = 0;
    for (Checkpoint reading : readings) {
      best = Math.max(best, kinds(reading).size());
    }
    return String.format(
        Locale.ROOT,
        "%s: %d tensors (%s%s), and no network fits them. The nearest is Vim, with %d of its %d"
            + " kinds of keys; %s is missing",
        checkpoint.path(),
        keys.size(),
        keys.stream().limit(SHOWN).collect(Collectors.joining(", ")),
        keys.size() > SHOWN ? ", ..." : "",
        best,
        KINDS.size(),
        PROJECTION);
  }

  private static Set<String> kinds(Checkpoint reading) {
    return reading.keys().stream()
        .map(key -> LAYER.matcher(key).replaceFirst("layers.#."))
        .filter(KINDS::contains)
        .collect(Collectors.toSet());
  }
}
