package io.panamba.model.upernet;

import io.panamba.model.checkpoint.BatchNorm;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.KeyMap;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The names of a UperNet's tensors in mmsegmentation's checkpoints. */
final class UpernetKeys {
  static final String HEAD = "decode_head.";
  static final String POOLED = HEAD + "psp_modules.";
  static final String BOTTLENECK = HEAD + "bottleneck.conv";
  static final String LATERALS = HEAD + "lateral_convs.";
  static final String OUTS = HEAD + "fpn_convs.";
  static final String FUSION = HEAD + "fpn_bottleneck.conv";
  static final String CLASSES = HEAD + "conv_seg";
  static final String AUXILIARY_HEAD = "auxiliary_head.";
  static final String AUXILIARY = AUXILIARY_HEAD + "convs.0.conv";
  static final String AUXILIARY_CLASSES = AUXILIARY_HEAD + "conv_seg";

  /** (classes, channels, 1, 1), by which such a network is recognised. */
  static final String FIRST = CLASSES + ".weight";

  /** (channels, 4 * channels, 3, 3), which other heads of that toolbox lack. */
  private static final String SECOND = FUSION + ".weight";

  private static final String VARIANCE = ".running_var";
  private static final String NORM = ".bn";
  private static final double EPSILON = 1e-5;

  /** The keys of every network. */
  static final Set<String> KINDS =
      Set.of(
          FIRST,
          SECOND,
          CLASSES + ".bias",
          BOTTLENECK + ".weight",
          LATERALS + "#.conv.weight",
          OUTS + "#.conv.weight",
          POOLED + "#.1.conv.weight");

  /** What classification has behind the backbone. */
  private static final List<String> CLASSIFIER =
      List.of(
          VimPyramid.PREFIX + "norm_f",
          VimPyramid.PREFIX + "norm",
          VimPyramid.PREFIX + "head",
          VimPyramid.PREFIX + "classifier");

  private static final KeyMap WITHOUT_CLASSIFIER = withoutClassifier();

  private UpernetKeys() {}

  static Optional<String> obstacle(Set<String> keys) {
    for (String key : List.of(FIRST, SECOND)) {
      if (!keys.contains(key)) {
        return Optional.of(key + " is missing");
      }
    }
    return Optional.empty();
  }

  static boolean isKnown(String key) {
    boolean left = CLASSIFIER.stream().anyMatch(name -> key.startsWith(name + "."));
    return !left
        && (key.startsWith(HEAD)
            || key.startsWith(AUXILIARY_HEAD)
            || key.startsWith(VimPyramid.PREFIX));
  }

  private static KeyMap withoutClassifier() {
    KeyMap.Builder names = KeyMap.builder();
    CLASSIFIER.forEach(names::leaveOut);
    return names.build();
  }

  /** Reads a checkpoint with its batch norms folded. */
  static Checkpoint folded(Checkpoint checkpoint) {
    Checkpoint named = checkpoint.under(WITHOUT_CLASSIFIER);
    List<BatchNorm> norms = new ArrayList<>();
    for (String key : named.keys()) {
      boolean ofHead = key.startsWith(HEAD) || key.startsWith(AUXILIARY_HEAD);
      if (ofHead && key.endsWith(NORM + VARIANCE)) {
        String norm = key.substring(0, key.length() - VARIANCE.length());
        String layer = norm.substring(0, norm.length() - NORM.length()) + ".conv";
        norms.add(new BatchNorm(layer, norm, 0, EPSILON));
      }
    }
    String ofPyramid = VimPyramid.PREFIX + "fpn1.1";
    if (named.keys().contains(ofPyramid + VARIANCE)) {
      norms.add(new BatchNorm(VimPyramid.FIRST, ofPyramid, 1, EPSILON));
    }
    return named.folded(norms);
  }
}
