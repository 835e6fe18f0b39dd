package io.panamba.model.vmamba;

import io.panamba.model.weights.Affine;
import io.panamba.model.weights.Draw;
import io.panamba.model.weights.Form;
import io.panamba.model.weights.Weight;
import io.panamba.model.weights.Weight.Learning;
import io.panamba.model.weights.WeightList;
import java.util.ArrayList;
import java.util.List;

/**
 * The weights of a VMamba, under the keys of the classification tree's state dict. Weight decay
 * leaves out biases, norms, and what the original marks so: A_logs and Ds.
 *
 * @param list all of them, in the order of the state dict
 * @param embedding a convolution and its norm, or two
 * @param stages blocks in order, stage by stage
 * @param between what stands between stages
 * @param norm behind the last block, or null
 * @param outNorms of what each stage gives to the head of a dense task; or none
 * @param head null without a head
 */
record VmambaWeights(
    List<Weight> list,
    List<Normed> embedding,
    List<List<Block>> stages,
    List<Normed> between,
    Affine norm,
    List<Affine> outNorms,
    Affine head) {
  /** A layer and the norm beside it. */
  record Normed(Affine layer, Affine norm) {}

  /**
   * The four-walk scan of a block and what is around it (SS2D).
   *
   * @param projections of all walks, (4, dtRank + 2 * states, inner)
   * @param steps (4, inner, dtRank), and (4, inner)
   * @param logarithms of the decays, (4 * inner, states)
   * @param skip (4 * inner)
   */
  record Mixer(
      Affine in,
      Affine conv,
      Weight projections,
      Affine steps,
      Weight logarithms,
      Weight skip,
      Affine norm,
      Affine out) {}

  /**
   * One block.
   *
   * @param norm2 null without a perceptron, like first and second
   */
  record Block(Affine norm, Mixer mixer, Affine norm2, Affine first, Affine second) {}

  static VmambaWeights of(VmambaConfig config) {
    return new Declaration(config, new WeightList(), false).network();
  }

  /** The weights below a head of a dense task, which reads the norm of every stage. */
  static VmambaWeights below(VmambaConfig config, String prefix) {
    return new Declaration(config, new WeightList(prefix), true).network();
  }

  /** Lists weights as it declares them. */
  private static final class Declaration {
    private static final Draw NORMAL = Draw.normal(0.02);

    private final VmambaConfig config;
    private final WeightList list;
    private final boolean dense;

    Declaration(VmambaConfig config, WeightList list, boolean dense) {
      this.config = config;
      this.list = list;
      this.dense = dense;
    }

    VmambaWeights network() {
      List<Normed> embedding = embedding();
      List<List<Block>> stages = new ArrayList<>();
      List<Normed> between = new ArrayList<>();
      int count = config.stages().size();
      for (int i = 0; i < count; i++) {
        VmambaStage stage = config.stages().get(i);
        List<Block> blocks = new ArrayList<>();
        for (int j = 0; j < stage.depth(); j++) {
          blocks.add(block("layers.%d.blocks.%d.".formatted(i, j), stage));
        }
        stages.add(List.copyOf(blocks));
        if (i + 1 < count) {
          between.add(
              between("layers.%d.downsample.".formatted(i), stage, config.stages().get(i + 1)));
        }
      }
      List<Affine> outNorms = new ArrayList<>();
      for (int i = 0; dense && i < count; i++) {
        outNorms.add(list.norm("outnorm" + i, config.stages().get(i).dim()));
      }
      Affine norm = dense ? null : list.norm("classifier.norm", config.width());
      Affine head =
          config.classes() == 0
              ? null
              : list.layer(
                  "classifier.head",
                  Form.EXACT,
                  Form.PLAIN,
                  NORMAL,
                  config.classes(),
                  config.width());
      return new VmambaWeights(
          list.toList(),
          embedding,
          List.copyOf(stages),
          List.copyOf(between),
          norm,
          outNorms,
          head);
    }

    /** PyTorch draws convolutions from (-b, b) with b = 1 / sqrt(inputs of an output). */
    private Affine conv(String key, Form form, boolean biased, int outputs, int inputs, int side) {
      Draw draw = Draw.uniform(1 / Math.sqrt((double) inputs * side * side));
      Weight weight =
          list.declare(key + ".weight", form, Learning.DECAYS, draw, outputs, inputs, side, side);
      return new Affine(
          weight,
          biased ? list.declare(key + ".bias", Form.PLAIN, Learning.PLAIN, draw, outputs) : null);
    }

    private List<Normed> embedding() {
      int dim = config.stages().getFirst().dim();
      int side = config.embedding().height();
      if (!config.has(VmambaTrait.TWO_CONVOLUTIONS)) {
        Affine whole = conv("patch_embed.0", Form.EXACT, true, dim, config.colours(), side);
        return List.of(new Normed(whole, list.norm("patch_embed.2", dim)));
      }
      int half = dim / 2;
      Affine first = conv("patch_embed.0", Form.EXACT, true, half, config.colours(), side);
      Affine firstNorm = list.norm("patch_embed.2", half);
      Affine second = conv("patch_embed.5", Form.TAPS, true, dim, half, side);
      return List.of(
          new Normed(first, firstNorm), new Normed(second, list.norm("patch_embed.7", dim)));
    }

    private Normed between(String start, VmambaStage stage, VmambaStage next) {
      if (!config.has(VmambaTrait.CONVOLUTIONS_BETWEEN)) {
        Affine norm = list.norm(start + "norm", 4L * stage.dim());
        Affine reduction =
            list.layer(
                start + "reduction", Form.MATRIX, null, NORMAL, next.dim(), 4L * stage.dim());
        return new Normed(reduction, norm);
      }
      int side = config.between().height();
      Affine conv = conv(start + "1", Form.TAPS, true, next.dim(), stage.dim(), side);
      return new Normed(conv, list.norm(start + "3", next.dim()));
    }

    private Block block(String start, VmambaStage stage) {
      Affine norm = list.norm(start + "norm", stage.dim());
      Mixer mixer = mixer(start + "op.", stage);
      if (stage.hidden() == 0) {
        return new Block(norm, mixer, null, null, null);
      }
      return new Block(
          norm,
          mixer,
          list.norm(start + "norm2", stage.dim()),
          list.layer(
              start + "mlp.fc1", Form.MATRIX, Form.PLAIN, NORMAL, stage.hidden(), stage.dim()),
          list.layer(
              start + "mlp.fc2", Form.MATRIX, Form.PLAIN, NORMAL, stage.dim(), stage.hidden()));
    }

    private Mixer mixer(String start, VmambaStage stage) {
      int inner = stage.inner();
      int walks = VmambaConfig.WALKS;
      Draw ofProjections = Draw.uniform(1 / Math.sqrt(inner));
      Weight projections =
          list.declare(
              start + "x_proj_weight",
              Form.STACKED,
              Learning.DECAYS,
              ofProjections,
              walks,
              stage.projected(),
              inner);
      Weight steps =
          list.declare(
              start + "dt_projs_weight",
              new Form.Transposed(false, walks),
              Learning.DECAYS,
              Draw.uniform(1 / Math.sqrt(stage.dtRank())),
              walks,
              inner,
              stage.dtRank());
      Weight stepBias =
          list.declare(
              start + "dt_projs_bias", Form.PLAIN, Learning.PLAIN, Draw.steps(), walks, inner);
      int states = stage.states();
      Weight logarithms =
          list.declare(
              start + "A_logs",
              new Form.Transposed(true, walks),
              Learning.PLAIN,
              Draw.logarithms(states),
              (long) walks * inner,
              states);
      Weight skip =
          list.declare(start + "Ds", Form.PLAIN, Learning.PLAIN, Draw.ONES, (long) walks * inner);
      Affine norm = list.norm(start + "out_norm", inner);
      boolean gate = config.has(VmambaTrait.GATE);
      Form inForm = gate ? Form.Matrix.ofParts(List.of(inner, inner)) : Form.MATRIX;
      Affine in =
          list.layer(
              start + "in_proj", inForm, null, NORMAL, gate ? 2L * inner : inner, stage.dim());
      Affine conv =
          conv(
              start + "conv2d",
              Form.TRANSPOSED,
              config.has(VmambaTrait.CONV_BIAS),
              inner,
              1,
              config.side());
      Affine out = list.layer(start + "out_proj", Form.MATRIX, null, NORMAL, stage.dim(), inner);
      return new Mixer(
          in, conv, projections, new Affine(steps, stepBias), logarithms, skip, norm, out);
    }
  }
}
