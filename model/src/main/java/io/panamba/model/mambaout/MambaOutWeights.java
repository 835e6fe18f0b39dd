package io.panamba.model.mambaout;

import io.panamba.model.weights.Affine;
import io.panamba.model.weights.Draw;
import io.panamba.model.weights.Form;
import io.panamba.model.weights.Weight;
import io.panamba.model.weights.Weight.Learning;
import io.panamba.model.weights.WeightList;
import java.util.ArrayList;
import java.util.List;

/**
 * The weights of a MambaOut, under the keys of the authors' state dict. Weight decay leaves out
 * biases, norms and scales, as theirs does.
 *
 * @param list all of them, in the order of the state dict
 * @param stem the first convolution, and its norm, which is null if there is none
 * @param halvings the second convolution of the stem, and those before the later stages
 * @param stages blocks in order, stage by stage
 * @param norm of the pooled map
 * @param head its hidden layer with a norm, which is null if there is none; null without a head
 * @param classes the last layer, null without a head
 */
record MambaOutWeights(
    List<Weight> list,
    Normed stem,
    List<Normed> halvings,
    List<List<Block>> stages,
    Affine norm,
    Normed head,
    Affine classes) {
  /** A layer and the norm beside it, or null. */
  record Normed(Affine layer, Affine norm) {}

  /**
   * One block.
   *
   * @param scale (dim) or null
   */
  record Block(Affine norm, Affine first, Affine conv, Affine second, Weight scale) {}

  static MambaOutWeights of(MambaOutConfig config) {
    return new Declaration(config, new WeightList(), true).network();
  }

  /** The weights below a head of a dense task, which has no use for the final norm. */
  static MambaOutWeights below(MambaOutConfig config, String prefix) {
    return new Declaration(config, new WeightList(prefix), false).network();
  }

  /** Lists weights as it declares them. */
  private static final class Declaration {
    /** The original cuts its normal distributions 100 deviations away; here they are whole. */
    private static final Draw NORMAL = Draw.normal(0.02);

    /** Of layer scales, where they are drawn and not loaded. */
    private static final Draw SMALL = Draw.constant(1e-6);

    private final MambaOutConfig config;
    private final WeightList list;
    private final boolean normed;

    Declaration(MambaOutConfig config, WeightList list, boolean normed) {
      this.config = config;
      this.list = list;
      this.normed = normed;
    }

    MambaOutWeights network() {
      List<MambaOutStage> stages = config.stages();
      int dim = stages.getFirst().dim();
      String start = "downsample_layers.0.";
      Affine first = pair(start + "conv1", Form.EXACT, Form.PLAIN, dim / 2, config.colours(), 3, 3);
      Affine firstNorm =
          config.has(MambaOutTrait.STEM_NORM) ? list.norm(start + "norm1", dim / 2) : null;
      Affine second = pair(start + "conv2", Form.TAPS, Form.PLAIN, dim, dim / 2, 3, 3);
      List<Normed> halvings = new ArrayList<>();
      halvings.add(new Normed(second, list.norm(start + "norm2", dim)));
      for (int i = 1; i < stages.size(); i++) {
        halvings.add(halving("downsample_layers." + i + ".", i));
      }
      List<List<Block>> blocks = new ArrayList<>();
      for (int i = 0; i < stages.size(); i++) {
        List<Block> ofStage = new ArrayList<>();
        for (int j = 0; j < stages.get(i).depth(); j++) {
          ofStage.add(block("stages.%d.%d.".formatted(i, j), stages.get(i)));
        }
        blocks.add(List.copyOf(ofStage));
      }
      Affine norm = normed ? list.norm("norm", config.width()) : null;
      Normed head = null;
      Affine classes = null;
      if (config.classes() > 0) {
        int hidden = config.headHidden();
        Affine layer = pair("head.fc1", Form.EXACT, Form.PLAIN, hidden, config.width());
        boolean headNormed = config.has(MambaOutTrait.HEAD_NORM);
        head = new Normed(layer, headNormed ? list.norm("head.norm", hidden) : null);
        classes = pair("head.fc2", Form.EXACT, Form.PLAIN, config.classes(), hidden);
      }
      return new MambaOutWeights(
          list.toList(),
          new Normed(first, firstNorm),
          List.copyOf(halvings),
          List.copyOf(blocks),
          norm,
          head,
          classes);
    }

    /** A layer, whose shape begins with its outputs. */
    private Affine pair(String key, Form weight, Form bias, long... shape) {
      return list.layer(key, weight, bias, NORMAL, shape);
    }

    /** The norm before the convolution stands before it in the state dict, too. */
    private Normed halving(String start, int stage) {
      int before = config.stages().get(stage - 1).dim();
      int dim = config.stages().get(stage).dim();
      boolean first = config.has(MambaOutTrait.NORM_FIRST);
      Affine norm = first ? list.norm(start + "norm", before) : null;
      Affine conv = pair(start + "conv", Form.TAPS, Form.PLAIN, dim, before, 3, 3);
      return new Normed(conv, first ? norm : list.norm(start + "norm", dim));
    }

    /** The gate, what bypasses the convolution and what goes through it are packed apart. */
    private Block block(String start, MambaOutStage stage) {
      int dim = stage.dim();
      int hidden = stage.hidden();
      int convolved = stage.convolved();
      Affine norm = list.norm(start + "norm", dim);
      List<Integer> parts =
          hidden == convolved
              ? List.of(hidden, hidden)
              : List.of(hidden, hidden - convolved, convolved);
      Affine first = pair(start + "fc1", Form.Matrix.ofParts(parts), Form.PLAIN, 2L * hidden, dim);
      int side = MambaOutConfig.SIDE;
      Affine conv = pair(start + "conv", Form.TRANSPOSED, Form.PLAIN, convolved, 1, side, side);
      String gamma = start + "ls.gamma";
      String factors = config.has(MambaOutTrait.LAYER_SCALE) ? list.whole(gamma) : null;
      Affine second =
          pair(start + "fc2", Form.Matrix.scaled(factors), new Form.Plain(factors), dim, hidden);
      Weight scale =
          factors == null ? null : list.declare(gamma, Form.NUMBERS, Learning.PLAIN, SMALL, dim);
      return new Block(norm, first, conv, second, scale);
    }
  }
}
