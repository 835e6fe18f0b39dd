package io.panamba.model;

import io.panamba.model.checkpoint.Checkpoint;
import java.util.HashSet;
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

  /**
   * The checkpoint itself if it has the projection of patches, or else the first reading that has.
   */
  static Checkpoint reading(Checkpoint checkpoint) {
    return FileMemory.guard(
        checkpoint.path(),
        () -> {
          if (checkpoint.keys().contains(PROJECTION)) {
            return checkpoint;
          }
          int best = 0;
          for (Checkpoint reading : checkpoint.readings()) {
            if (reading.keys().contains(PROJECTION)) {
              return reading;
            }
            best = Math.max(best, kinds(reading));
          }
          throw new WeightsException(obstacle(checkpoint, best));
        });
  }

  private static String obstacle(Checkpoint checkpoint, int best) {
    Set<String> keys = checkpoint.keys();
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

  /** How many of the kinds of keys there are. */
  private static int kinds(Checkpoint reading) {
    Set<String> found = new HashSet<>();
    for (String key : reading.keys()) {
      String kind = LAYER.matcher(key).replaceFirst("layers.#.");
      if (KINDS.contains(kind)) {
        found.add(kind);
      }
    }
    return found.size();
  }
}
