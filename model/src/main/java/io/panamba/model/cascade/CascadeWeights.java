package io.panamba.model.cascade;

import io.panamba.model.architecture.FeatureMap;
import io.panamba.model.boxes.AnchorGrid;
import io.panamba.model.weights.Affine;
import io.panamba.model.weights.Draw;
import io.panamba.model.weights.Form;
import io.panamba.model.weights.Weight;
import io.panamba.model.weights.Weight.Learning;
import io.panamba.model.weights.WeightList;
import java.util.ArrayList;
import java.util.List;

/**
 * The weights of a detector, under detectron2's keys.
 *
 * @param list all of them, those of the backbone first
 * @param finest what makes the finest level of one map, or null
 * @param finer what makes the second level of one map: a transposed convolution; or null
 * @param laterals of every level, 1 x 1
 * @param outputs of every level, 3 x 3
 * @param proposals convolutions of the proposal head
 * @param objectness of every anchor
 * @param deltas of every anchor, four each
 * @param stages box heads
 * @param masks null without
 */
record CascadeWeights(
    List<Weight> list,
    Finest finest,
    Affine finer,
    List<Normed> laterals,
    List<Normed> outputs,
    List<Affine> proposals,
    Affine objectness,
    Affine deltas,
    List<Stage> stages,
    Masks masks) {
  /** Convolutions of every box and mask head. */
  private static final int CONVOLUTIONS = 4;

  private static final Draw SMALL = Draw.normal(0.01);
  private static final Draw SMALLER = Draw.normal(0.001);

  /** A layer and the norm behind it, or null. */
  record Normed(Affine layer, Affine norm) {}

  /** Transposed convolution, norm, GELU, transposed convolution. */
  record Finest(Affine first, Affine norm, Affine second) {}

  /** A box head. */
  record Stage(List<Normed> convolutions, Affine hidden, Affine scores, Affine deltas) {}

  /** The mask head. */
  record Masks(List<Normed> convolutions, Affine enlarging, Affine classes) {}

  static CascadeWeights of(CascadeConfig config) {
    return new Declaration(config).network();
  }

  /** Lists weights as it declares them. */
  private static final class Declaration {
    private final CascadeConfig config;
    private final WeightList list = new WeightList();
    private final int channels;

    Declaration(CascadeConfig config) {
      this.config = config;
      this.channels = config.channels();
    }

    CascadeWeights network() {
      Finest finest = null;
      Affine finer = null;
      List<Normed> laterals = new ArrayList<>();
      List<Normed> outputs = new ArrayList<>();
      if (config.isOfOneMap()) {
        int dim = config.width();
        String start = CascadeKeys.PYRAMID;
        finest =
            new Finest(
                enlarging(start + "2.0", dim, dim / 2),
                list.norm(start + "2.1", dim / 2),
                enlarging(start + "2.3", dim / 2, dim / 4));
        laterals.add(normed(start + "2.4", Form.MATRIX, dim / 4, 1));
        outputs.add(normed(start + "2.5", Form.TAPS, channels, 3));
        finer = enlarging(start + "3.0", dim, dim / 2);
        laterals.add(normed(start + "3.1", Form.MATRIX, dim / 2, 1));
        outputs.add(normed(start + "3.2", Form.TAPS, channels, 3));
        laterals.add(normed(start + "4.0", Form.MATRIX, dim, 1));
        outputs.add(normed(start + "4.1", Form.TAPS, channels, 3));
        laterals.add(normed(start + "5.1", Form.MATRIX, dim, 1));
        outputs.add(normed(start + "5.2", Form.TAPS, channels, 3));
      } else {
        int level = 2;
        for (FeatureMap map : config.backbone().maps()) {
          String lateral = CascadeKeys.LATERAL + level;
          laterals.add(new Normed(conv(lateral, Form.MATRIX, channels, map.channels(), 1), null));
          String output = CascadeKeys.OUTPUT + level;
          outputs.add(new Normed(conv(output, Form.TAPS, channels, channels, 3), null));
          level++;
        }
      }
      List<Affine> proposals = new ArrayList<>();
      for (int i = 0; i < config.proposalLayers(); i++) {
        String name = config.proposalLayers() == 1 ? "conv" : "conv.conv" + i;
        proposals.add(
            list.layer(
                CascadeKeys.PROPOSALS + name,
                Form.TAPS,
                Form.PLAIN,
                SMALL,
                channels,
                channels,
                3,
                3));
      }
      int anchors = AnchorGrid.PER_CELL;
      Affine objectness = pixel(CascadeKeys.PROPOSALS + "objectness_logits", anchors, SMALL);
      Affine deltas = pixel(CascadeKeys.PROPOSALS + "anchor_deltas", 4 * anchors, SMALL);
      List<Stage> stages = new ArrayList<>();
      for (int i = 0; i < config.stages(); i++) {
        stages.add(stage(config.numbered() ? i + "." : ""));
      }
      Masks masks = config.masks() ? masks() : null;
      List<Weight> all = new ArrayList<>(config.backbone().weights());
      all.addAll(list.toList());
      return new CascadeWeights(
          List.copyOf(all),
          finest,
          finer,
          laterals,
          outputs,
          proposals,
          objectness,
          deltas,
          stages,
          masks);
    }

    private Stage stage(String number) {
      List<Normed> convolutions = new ArrayList<>();
      String start = CascadeKeys.BOX_HEAD + number;
      for (int i = 1; i <= CONVOLUTIONS; i++) {
        convolutions.add(normed(start + "conv" + i, Form.TAPS, channels, 3));
      }
      int cells = CascadeConfig.BOX_SIDE * CascadeConfig.BOX_SIDE;
      int hidden = config.hidden();
      String predictor = CascadeKeys.BOX_PREDICTOR + number;
      Affine linear =
          list.layer(
              start + "fc1",
              new Form.PixelsFirst(cells),
              Form.PLAIN,
              Draw.uniform(1 / Math.sqrt((double) channels * cells)),
              hidden,
              (long) channels * cells);
      long boxes = config.boxPerClass() ? 4L * config.classes() : 4;
      return new Stage(
          convolutions,
          linear,
          list.layer(
              predictor + "cls_score",
              Form.EXACT,
              Form.PLAIN,
              SMALL,
              config.classes() + 1L,
              hidden),
          list.layer(predictor + "bbox_pred", Form.EXACT, Form.PLAIN, SMALLER, boxes, hidden));
    }

    private Masks masks() {
      List<Normed> convolutions = new ArrayList<>();
      for (int i = 1; i <= CONVOLUTIONS; i++) {
        convolutions.add(normed(CascadeKeys.MASK_HEAD + "mask_fcn" + i, Form.TAPS, channels, 3));
      }
      return new Masks(
          convolutions,
          enlarging(CascadeKeys.MASK_HEAD + "deconv", channels, channels),
          pixel(CascadeKeys.MASK_HEAD + "predictor", config.classes(), SMALLER));
    }

    /** As torch draws transposed convolutions of 2 x 2 taps. */
    private Affine enlarging(String key, int inputs, int outputs) {
      Draw draw = Draw.uniform(1 / Math.sqrt(4.0 * outputs));
      return new Affine(
          list.declare(
              key + ".weight", Form.TRANSPOSED_TAPS, Learning.DECAYS, draw, inputs, outputs, 2, 2),
          list.declare(key + ".bias", Form.PLAIN, Learning.PLAIN, draw, outputs));
    }

    /** A convolution without a bias, and a norm over channels below its name. */
    private Normed normed(String key, Form form, int inputs, int side) {
      Weight weight =
          list.declare(
              key + ".weight",
              form,
              Learning.DECAYS,
              wide(channels, side),
              channels,
              inputs,
              side,
              side);
      return new Normed(Affine.unbiased(weight), list.norm(key + ".norm", channels));
    }

    private Affine conv(String key, Form form, int outputs, int inputs, int side) {
      return list.layer(key, form, Form.PLAIN, wide(outputs, side), outputs, inputs, side, side);
    }

    /** By the outputs that an input reaches (arXiv 1502.01852). */
    private static Draw wide(int outputs, int side) {
      return Draw.normal(Math.sqrt(2.0 / ((double) outputs * side * side)));
    }

    private Affine pixel(String key, int outputs, Draw draw) {
      return list.layer(key, Form.EXACT, Form.PLAIN, draw, outputs, channels, 1, 1);
    }
  }
}
