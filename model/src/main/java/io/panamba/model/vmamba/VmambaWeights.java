package io.panamba.model.vmamba;

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
 * @param norm behind the last block
 * @param head null without a head
 */
record VmambaWeights(
    List<Weight> list,
    List<Normed> embedding,
    List<List<Block>> stages,
    List<Normed> between,
    Pair norm,
    Pair head) {
  /** A weight and its bias, which is null if there is none. */
  record Pair(Weight weight, Weight bias) {}

  /** A layer and the norm beside it. */
  record Normed(Pair layer, Pair norm) {}

  /**
   * The four-walk scan of a block and what is around it (SS2D).
   *
   * @param projections of all walks, (4, dtRank + 2 * states, inner)
   * @param steps (4, inner, dtRank), and (4, inner)
   * @param logarithms of the decays, (4 * inner, states)
   * @param skip (4 * inner)
   */
  record Mixer(
      Pair in,
      Pair conv,
      Weight projections,
      Pair steps,
      Weight logarithms,
      Weight skip,
      Pair norm,
      Pair out) {}

  /**
   * One block.
   *
   * @param norm2 null without a perceptron, like first and second
   */
  record Block(Pair norm, Mixer mixer, Pair norm2, Pair first, Pair second) {}

  static VmambaWeights of(VmambaConfig config) {
    return new Declaration(config).network();
  }

  /** Lists weights as it declares them. */
  private static final class Declaration {
    private static final Draw NORMAL = Draw.normal(0.02);

    /** Steps at birth are between these, evenly in their logarithm (Mamba, section 3.6). */
    private static final double LEAST_STEP = 1e-3;

    private static final double LARGEST_STEP = 0.1;
    private static final double STEP_FLOOR = 1e-4;

    private final VmambaConfig config;
    private final WeightList list = new WeightList();

    Declaration(VmambaConfig config) {
      this.config = config;
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
      Pair norm = norm("classifier.norm", config.width());
      Pair head =
          config.classes() == 0
              ? null
              : linear("classifier.head", Form.EXACT, true, config.classes(), config.width());
      return new VmambaWeights(
          list.toList(), embedding, List.copyOf(stages), List.copyOf(between), norm, head);
    }

    private Pair norm(String key, int dim) {
      return new Pair(
          list.declare(key + ".weight", Form.PLAIN, Learning.PLAIN, Draw.ONES, dim),
          list.declare(key + ".bias", Form.PLAIN, Learning.PLAIN, Draw.ZEROS, dim));
    }

    private Pair linear(String key, Form form, boolean biased, long outputs, long inputs) {
      Weight weight = list.declare(key + ".weight", form, Learning.DECAYS, NORMAL, outputs, inputs);
      return new Pair(
          weight,
          biased
              ? list.declare(key + ".bias", Form.PLAIN, Learning.PLAIN, Draw.ZEROS, outputs)
              : null);
    }

    /** PyTorch draws convolutions from (-b, b) with b = 1 / sqrt(inputs of an output). */
    private Pair conv(String key, Form form, boolean biased, int outputs, int inputs, int side) {
      Draw draw = Draw.uniform(1 / Math.sqrt((double) inputs * side * side));
      Weight weight =
          list.declare(key + ".weight", form, Learning.DECAYS, draw, outputs, inputs, side, side);
      return new Pair(
          weight,
          biased ? list.declare(key + ".bias", Form.PLAIN, Learning.PLAIN, draw, outputs) : null);
    }

    private List<Normed> embedding() {
      int dim = config.stages().getFirst().dim();
      int side = config.embedding().height();
      if (!config.has(VmambaTrait.TWO_CONVOLUTIONS)) {
        Pair whole = conv("patch_embed.0", Form.EXACT, true, dim, config.colours(), side);
        return List.of(new Normed(whole, norm("patch_embed.2", dim)));
      }
      int half = dim / 2;
      Pair first = conv("patch_embed.0", Form.EXACT, true, half, config.colours(), side);
      Pair firstNorm = norm("patch_embed.2", half);
      Pair second = conv("patch_embed.5", Form.TAPS, true, dim, half, side);
      return List.of(new Normed(first, firstNorm), new Normed(second, norm("patch_embed.7", dim)));
    }

    private Normed between(String start, VmambaStage stage, VmambaStage next) {
      if (!config.has(VmambaTrait.CONVOLUTIONS_BETWEEN)) {
        Pair norm = norm(start + "norm", 4 * stage.dim());
        Pair reduction =
            linear(start + "reduction", Form.MATRIX, false, next.dim(), 4L * stage.dim());
        return new Normed(reduction, norm);
      }
      int side = config.between().height();
      Pair conv = conv(start + "1", Form.TAPS, true, next.dim(), stage.dim(), side);
      return new Normed(conv, norm(start + "3", next.dim()));
    }

    private Block block(String start, VmambaStage stage) {
      Pair norm = norm(start + "norm", stage.dim());
      Mixer mixer = mixer(start + "op.", stage);
      if (stage.hidden() == 0) {
        return new Block(norm, mixer, null, null, null);
      }
      return new Block(
          norm,
          mixer,
          norm(start + "norm2", stage.dim()),
          linear(start + "mlp.fc1", Form.MATRIX, true, stage.hidden(), stage.dim()),
          linear(start + "mlp.fc2", Form.MATRIX, true, stage.dim(), stage.hidden()));
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
              start + "dt_projs_bias",
              Form.PLAIN,
              Learning.PLAIN,
              (random, _) -> inverseSoftplus(step(random.nextDouble())),
              walks,
              inner);
      int states = stage.states();
      Weight logarithms =
          list.declare(
              start + "A_logs",
              new Form.Transposed(true, walks),
              Learning.PLAIN,
              (_, i) -> StrictMath.log((double) (1 + i % states)),
              (long) walks * inner,
              states);
      Weight skip =
          list.declare(start + "Ds", Form.PLAIN, Learning.PLAIN, Draw.ONES, (long) walks * inner);
      Pair norm = norm(start + "out_norm", inner);
      boolean gate = config.has(VmambaTrait.GATE);
      Form inForm = gate ? new Form.Matrix(List.of(inner, inner), false, null) : Form.MATRIX;
      Pair in = linear(start + "in_proj", inForm, false, gate ? 2L * inner : inner, stage.dim());
      Pair conv =
          conv(
              start + "conv2d",
              Form.TRANSPOSED,
              config.has(VmambaTrait.CONV_BIAS),
              inner,
              1,
              config.side());
      Pair out = linear(start + "out_proj", Form.MATRIX, false, stage.dim(), inner);
      return new Mixer(
          in, conv, projections, new Pair(steps, stepBias), logarithms, skip, norm, out);
    }

    private static double step(double uniform) {
      double low = StrictMath.log(LEAST_STEP);
      double high = StrictMath.log(LARGEST_STEP);
      return Math.max(StrictMath.exp(low + uniform * (high - low)), STEP_FLOOR);
    }

    private static double inverseSoftplus(double step) {
      return step + StrictMath.log(-StrictMath.expm1(-step));
    }
  }
}
