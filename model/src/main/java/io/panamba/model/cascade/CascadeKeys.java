package io.panamba.model.cascade;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.KeyMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The names of a detector's tensors in detectron2's checkpoints. */
final class CascadeKeys {
  static final String BACKBONE = "backbone.";

  /** Of a Vim; networks of stages stand below {@link #BACKBONE}. */
  static final String VIM = BACKBONE + "net.";

  static final String PYRAMID = BACKBONE + "simfp_";
  static final String LATERAL = BACKBONE + "fpn_lateral";
  static final String OUTPUT = BACKBONE + "fpn_output";
  static final String PROPOSALS = "proposal_generator.rpn_head.";
  static final String BOX_HEAD = "roi_heads.box_head.";
  static final String BOX_PREDICTOR = "roi_heads.box_predictor.";
  static final String MASK_HEAD = "roi_heads.mask_head.";

  /** (anchors, channels, 1, 1), by which such a network is recognised. */
  static final String FIRST = PROPOSALS + "objectness_logits.weight";

  /** Of networks with one stage. */
  static final String ONE_STAGE = BOX_HEAD + "conv1.weight";

  /** Of networks with several. */
  static final String FIRST_STAGE = BOX_HEAD + "0.conv1.weight";

  /** The keys of every network. */
  static final Set<String> KINDS =
      Set.of(
          FIRST,
          PROPOSALS + "objectness_logits.bias",
          PROPOSALS + "anchor_deltas.weight",
          PROPOSALS + "anchor_deltas.bias");

  /** What classification has behind the backbone. */
  private static final KeyMap WITHOUT_CLASSIFIER =
      KeyMap.builder()
          .leaveOut(VIM + "norm_f")
          .leaveOut(BACKBONE + "norm")
          .leaveOut(BACKBONE + "head")
          .leaveOut(BACKBONE + "classifier")
          .leaveOut("pixel_mean")
          .leaveOut("pixel_std")
          .build();

  private CascadeKeys() {}

  static Optional<String> obstacle(Set<String> keys) {
    if (!keys.contains(FIRST)) {
      return Optional.of(FIRST + " is missing");
    }
    return keys.contains(ONE_STAGE) || keys.contains(FIRST_STAGE)
        ? Optional.empty()
        : Optional.of("%s and %s are missing".formatted(FIRST_STAGE, ONE_STAGE));
  }

  static boolean isKnown(String key) {
    return List.of(BACKBONE, "proposal_generator.", "roi_heads.").stream()
        .anyMatch(key::startsWith);
  }

  static Checkpoint named(Checkpoint checkpoint) {
    return checkpoint.under(WITHOUT_CLASSIFIER);
  }
}
