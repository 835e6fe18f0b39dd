package io.panamba.model.vim;

import io.panamba.model.block.ClassToken;
import io.panamba.model.weights.Affine;
import io.panamba.model.weights.Draw;
import io.panamba.model.weights.Form;
import io.panamba.model.weights.Weight;
import io.panamba.model.weights.Weight.Learning;
import io.panamba.model.weights.WeightList;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * The weights of a Vim network, under the keys of the original state dict. Weight decay leaves out
 * A_log, D, biases, norms, position embedding and class tokens, as the original does.
 *
 * @param list all of them, in the order of the state dict
 * @param classTokens (1, 1, dim) each, in the order of their places
 * @param positions (1, rows, dim) or null
 * @param projection of patches, (dim, colours, patch, patch)
 * @param projectionBias (dim)
 * @param rotaryCos (patches, dim) or null
 * @param rotarySin (patches, dim) or null
 * @param head (classes, dim), in float32 whatever the precision, or null
 * @param headBias (classes) or null
 * @param layers in order
 * @param finalNorm of the residual stream, or null
 */
record VimWeights(
    List<Weight> list,
    List<Weight> classTokens,
    Weight positions,
    Weight projection,
    Weight projectionBias,
    Weight rotaryCos,
    Weight rotarySin,
    Weight head,
    Weight headBias,
    List<Layer> layers,
    Affine finalNorm) {

  /** The convolution and the projections of a direction. */
  record Branch(
      Weight convWeight,
      Weight convBias,
      Weight projection,
      Weight dtWeight,
      Weight dtBias,
      Weight a,
      Weight d) {}

  /**
   * One layer; backward is null if there is one direction. Of in_proj, (2 * inner, dim), the halves
   * are packed apart, of x and of the gate z, because not everybody needs both.
   */
  record Layer(
      Affine norm,
      Weight inProjection,
      Weight inBias,
      Branch forward,
      Branch backward,
      Weight outProjection,
      Weight outBias,
      Weight scale) {}

  static VimWeights of(VimConfig config) {
    return new Declaration(config, new WeightList(), true).network();
  }

  /** The weights below a head of a dense task, which has no use for the final norm. */
  static VimWeights below(VimConfig config, String prefix) {
    return new Declaration(config, new WeightList(prefix), false).network();
  }

  /**
   * The weights in the order in which training keeps them: layer by layer, each direction together.
   */
  List<Weight> trained() {
    SequencedMap<String, Weight> order = new LinkedHashMap<>();
    classTokens.forEach(token -> add(order, token));
    add(order, positions, projection, projectionBias, rotaryCos, rotarySin, head, headBias);
    for (Layer layer : layers) {
      add(order, layer.inProjection, layer.inBias);
      add(order, layer.forward);
      add(order, layer.backward);
      add(order, layer.outProjection, layer.outBias, layer.scale);
      add(order, layer.norm.weight(), layer.norm.bias());
    }
    if (finalNorm != null) {
      add(order, finalNorm.weight(), finalNorm.bias());
    }
    return List.copyOf(order.values());
  }

  private static void add(Map<String, Weight> order, Branch branch) {
    if (branch != null) {
      add(order, branch.a, branch.d, branch.convWeight, branch.convBias);
      add(order, branch.projection, branch.dtWeight, branch.dtBias);
    }
  }

  /** Adds what is there. Of the first version both directions have the same weights but for A. */
  private static void add(Map<String, Weight> order, Weight... weights) {
    for (Weight weight : weights) {
      if (weight != null) {
        order.putIfAbsent(weight.key(), weight);
      }
    }
  }

  /**
   * Lists weights as it declares them. They are drawn as the original does, but that it truncates
   * its normal distributions at +-2, 48 deviations away at the nearest; here they are whole.
   */
  private static final class Declaration {
    /** Of embeddings and head ({@code trunc_normal_(std=.02)}). */
    private static final double DEVIATION = 0.02;

    /** The standard deviation of a normal distribution cut at two of its own. */
    private static final double TRUNCATED_DEVIATION = 0.8796256610342398;

    private final VimConfig config;
    private final VimSizes sizes;
    private final WeightList list;
    private final boolean normed;

    Declaration(VimConfig config, WeightList list, boolean normed) {
      this.config = config;
      this.list = list;
      this.normed = normed;
      this.sizes = config.sizes();
    }

    private Weight matrix(String key, Form form, Draw draw, long... shape) {
      return list.declare(key, form, Learning.DECAYS, draw, shape);
    }

    private Weight plain(String key, Draw draw, long... shape) {
      return list.declare(key, Form.PLAIN, Learning.PLAIN, draw, shape);
    }

    VimWeights network() {
      int dim = sizes.dim();
      Draw embedding = Draw.normal(DEVIATION);
      List<Weight> classTokens = new ArrayList<>();
      for (String key : classTokens(config.classToken())) {
        classTokens.add(list.declare(key, Form.NUMBERS, Learning.PLAIN, embedding, 1, 1, dim));
      }
      Weight positions =
          sizes.positions() == 0
              ? null
              : list.declare(
                  VimKeys.POSITIONS,
                  Form.NUMBERS,
                  Learning.PLAIN,
                  embedding,
                  1,
                  sizes.positions(),
                  dim);
      int patch = sizes.patch();
      double fanIn = (double) sizes.colours() * patch * patch;
      Weight projection =
          matrix(
              VimKeys.PROJECTION,
              Form.MATRIX,
              Draw.normal(Math.sqrt(1 / fanIn) / TRUNCATED_DEVIATION),
              dim,
              sizes.colours(),
              patch,
              patch);
      Weight projectionBias = plain("patch_embed.proj.bias", Draw.ZEROS, dim);
      Weight rotaryCos = rotary("rope.freqs_cos");
      Weight rotarySin = rotary("rope.freqs_sin");
      boolean headed = config.classes() > 0;
      Weight head =
          headed ? matrix("head.weight", Form.EXACT, embedding, config.classes(), dim) : null;
      Weight headBias = headed ? plain("head.bias", Draw.ZEROS, config.classes()) : null;
      List<Layer> layers = new ArrayList<>();
      for (int i = 0; i < sizes.depth(); i++) {
        layers.add(layer("layers." + i + "."));
      }
      Affine finalNorm = normed ? norm("norm_f.") : null;
      return new VimWeights(
          list.toList(),
          List.copyOf(classTokens),
          positions,
          projection,
          projectionBias,
          rotaryCos,
          rotarySin,
          head,
          headBias,
          List.copyOf(layers),
          finalNorm);
    }

    private static List<String> classTokens(ClassToken token) {
      return switch (token) {
        case NONE -> List.of();
        case HEAD, MIDDLE -> List.of("cls_token");
        case DOUBLE -> List.of("cls_token_head", "cls_token_tail");
      };
    }

    private Weight rotary(String key) {
      return config.hasRotary()
          ? list.declare(key, Form.NUMBERS, Learning.NONE, Draw.ZEROS, sizes.rotary(), sizes.dim())
          : null;
    }

    private Affine norm(String prefix) {
      return new Affine(
          plain(prefix + "weight", Draw.ONES, sizes.dim()),
          config.has(VimTrait.LAYER_NORM) ? plain(prefix + "bias", Draw.ZEROS, sizes.dim()) : null);
    }

    private Layer layer(String prefix) {
      int dim = sizes.dim();
      int inner = sizes.inner();
      String mixer = prefix + "mixer.";
      // Layer scale multiplies the mixer's output, which is linear in out_proj: it folds into the
      // rows of its weight.
      Weight scale =
          config.has(VimTrait.LAYER_SCALE)
              ? list.declare(mixer + "gamma", Form.NUMBERS, Learning.PLAIN, Draw.ONES, dim)
              : null;
      String factors = scale == null ? null : scale.key();
      Decay forwardDecay = decay(mixer + "A_log", mixer + "D");
      Decay backwardDecay =
          switch (config.bimamba()) {
            case NONE -> null;
            case V1 -> new Decay(logarithms(mixer + "A_b_log"), forwardDecay.d);
            case V2 -> decay(mixer + "A_b_log", mixer + "D_b");
          };
      Weight inProjection =
          matrix(
              mixer + "in_proj.weight",
              Form.Matrix.ofParts(List.of(inner, inner)),
              Draw.uniform(1 / Math.sqrt(dim)),
              2L * inner,
              dim);
      Weight inBias =
          config.has(VimTrait.IN_BIAS)
              ? plain(mixer + "in_proj.bias", Draw.uniform(1 / Math.sqrt(dim)), 2L * inner)
              : null;
      boolean paired = config.bimamba() == Bimamba.V2;
      Branch forward = branch(mixer, "", paired ? "_b" : null, Draw.steps(), forwardDecay);
      Branch backward =
          switch (config.bimamba()) {
            case NONE -> null;
            case V1 -> withDecay(forward, backwardDecay);
            // The original initialises the steps of one direction only.
            case V2 -> branch(mixer, "_b", null, Draw.ZEROS, backwardDecay);
          };
      Draw out = Draw.uniform(1 / Math.sqrt((double) inner * sizes.depth()));
      Weight outProjection =
          matrix(mixer + "out_proj.weight", Form.Matrix.scaled(factors), out, dim, inner);
      Weight outBias =
          config.has(VimTrait.OUT_BIAS)
              ? list.declare(
                  mixer + "out_proj.bias",
                  new Form.Plain(factors),
                  Learning.PLAIN,
                  Draw.uniform(1 / Math.sqrt(inner)),
                  dim)
              : null;
      Affine norm = norm(prefix + "norm.");
      return new Layer(
          norm, inProjection, inBias, forward, backward, outProjection, outBias, scale);
    }

    /** What decides how a direction's states decay, and what passes them by. */
    private record Decay(Weight a, Weight d) {}

    private Decay decay(String a, String d) {
      return new Decay(logarithms(a), plain(d, Draw.ONES, sizes.inner()));
    }

    private Weight logarithms(String key) {
      int states = sizes.states();
      return list.declare(
          key, Form.DECAY, Learning.PLAIN, Draw.logarithms(states), sizes.inner(), states);
    }

    /** A direction, and the suffix of the one whose projection lies behind its own, or null. */
    private Branch branch(String mixer, String suffix, String next, Draw steps, Decay decay) {
      int inner = sizes.inner();
      int kernel = sizes.kernel();
      int rank = sizes.dtRank();
      Draw conv = Draw.uniform(1 / Math.sqrt(kernel));
      boolean biased =
          config.has(suffix.isEmpty() ? VimTrait.CONV_BIAS : VimTrait.BACKWARD_CONV_BIAS);
      return new Branch(
          matrix(mixer + "conv1d" + suffix + ".weight", Form.TRANSPOSED, conv, inner, 1, kernel),
          biased ? plain(mixer + "conv1d" + suffix + ".bias", conv, inner) : null,
          matrix(
              mixer + "x_proj" + suffix + ".weight",
              next == null
                  ? Form.MATRIX
                  : Form.Matrix.before(list.whole(mixer + "x_proj" + next + ".weight")),
              Draw.uniform(1 / Math.sqrt(inner)),
              rank + 2L * sizes.states(),
              inner),
          matrix(
              mixer + "dt_proj" + suffix + ".weight",
              Form.TRANSPOSED,
              Draw.uniform(1 / Math.sqrt(rank)),
              inner,
              rank),
          plain(mixer + "dt_proj" + suffix + ".bias", steps, inner),
          decay.a,
          decay.d);
    }

    private static Branch withDecay(Branch branch, Decay decay) {
      return new Branch(
          branch.convWeight,
          branch.convBias,
          branch.projection,
          branch.dtWeight,
          branch.dtBias,
          decay.a,
          decay.d);
    }
  }
}
