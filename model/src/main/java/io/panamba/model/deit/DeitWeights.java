package io.panamba.model.deit;

import io.panamba.model.weights.Affine;
import io.panamba.model.weights.Draw;
import io.panamba.model.weights.Form;
import io.panamba.model.weights.Weight;
import io.panamba.model.weights.Weight.Learning;
import io.panamba.model.weights.WeightList;
import java.util.ArrayList;
import java.util.List;

/**
 * The weights of a DeiT, under the keys of the authors' state dict. Weight decay leaves out biases,
 * norms, scales, position embedding and extra tokens, as theirs does.
 *
 * @param list all of them, in the order of the state dict
 * @param extraTokens (1, 1, dim) each, in the order of their places
 * @param positions (1, rows, dim)
 * @param projection of patches, (dim, colours, patch, patch)
 * @param projectionBias (dim)
 * @param blocks in order
 * @param norm behind the blocks
 * @param heads of the extra tokens, one each, in float32 whatever the precision; empty without
 */
record DeitWeights(
    List<Weight> list,
    List<Weight> extraTokens,
    Weight positions,
    Weight projection,
    Weight projectionBias,
    List<Block> blocks,
    Affine norm,
    List<Affine> heads) {
  /**
   * One block.
   *
   * @param attentionScale (dim) or null
   * @param hiddenScale (dim) or null
   */
  record Block(
      Affine norm1,
      Affine qkv,
      Affine projection,
      Weight attentionScale,
      Affine norm2,
      Affine first,
      Affine second,
      Weight hiddenScale) {}

  static DeitWeights of(DeitConfig config) {
    return new Declaration(config).network();
  }

  /** Lists weights as it declares them. */
  private static final class Declaration {
    /** The original cuts its normal distributions 100 deviations away; here they are whole. */
    private static final Draw NORMAL = Draw.normal(0.02);

    /** Of layer scales (arXiv 2204.07118, section 3). */
    private static final Draw SMALL = Draw.constant(1e-4);

    private final DeitConfig config;
    private final DeitSizes sizes;
    private final WeightList list = new WeightList();

    Declaration(DeitConfig config) {
      this.config = config;
      this.sizes = config.sizes();
    }

    private Affine norm(String key) {
      return list.norm(key, sizes.dim());
    }

    private Weight token(String key) {
      return list.declare(key, Form.NUMBERS, Learning.PLAIN, NORMAL, 1, 1, sizes.dim());
    }

    DeitWeights network() {
      List<Weight> extraTokens = new ArrayList<>();
      extraTokens.add(token(DeitKeys.CLASS_TOKEN));
      Weight positions =
          list.declare(
              DeitKeys.POSITIONS,
              Form.NUMBERS,
              Learning.PLAIN,
              NORMAL,
              1,
              sizes.positions(),
              sizes.dim());
      if (config.has(DeitTrait.DISTILLED)) {
        extraTokens.add(token(DeitKeys.DISTILLATION_TOKEN));
      }
      int patch = sizes.patch();
      Draw uniform = Draw.uniform(1 / Math.sqrt((double) sizes.colours() * patch * patch));
      Weight projection =
          list.declare(
              DeitKeys.PROJECTION,
              Form.MATRIX,
              Learning.DECAYS,
              uniform,
              sizes.dim(),
              sizes.colours(),
              patch,
              patch);
      Weight projectionBias =
          list.declare("patch_embed.proj.bias", Form.PLAIN, Learning.PLAIN, uniform, sizes.dim());
      List<Block> blocks = new ArrayList<>();
      for (int i = 0; i < sizes.depth(); i++) {
        blocks.add(block("blocks." + i + "."));
      }
      Affine norm = norm("norm");
      List<Affine> heads = new ArrayList<>();
      if (config.classes() > 0) {
        heads.add(head("head"));
        if (config.heads() == 2) {
          heads.add(head("head_dist"));
        }
      }
      return new DeitWeights(
          list.toList(),
          List.copyOf(extraTokens),
          positions,
          projection,
          projectionBias,
          List.copyOf(blocks),
          norm,
          List.copyOf(heads));
    }

    private Affine head(String key) {
      return list.layer(key, Form.EXACT, Form.PLAIN, NORMAL, config.classes(), sizes.dim());
    }

    /** A linear layer whose result is scaled: the factors fold into its weights. */
    private Affine scaled(String key, int inputs, Weight scale) {
      String factors = scale == null ? null : scale.key();
      return list.layer(
          key, Form.Matrix.scaled(factors), new Form.Plain(factors), NORMAL, sizes.dim(), inputs);
    }

    private Weight scale(String key) {
      return config.has(DeitTrait.LAYER_SCALE)
          ? list.declare(key, Form.NUMBERS, Learning.PLAIN, SMALL, sizes.dim())
          : null;
    }

    private Block block(String start) {
      Weight attentionScale = scale(start + "gamma_1");
      Weight hiddenScale = scale(start + "gamma_2");
      int dim = sizes.dim();
      int hidden = sizes.hidden();
      Affine norm1 = norm(start + "norm1");
      Form qkvBias = config.has(DeitTrait.QKV_BIAS) ? Form.PLAIN : null;
      Affine qkv = list.layer(start + "attn.qkv", Form.MATRIX, qkvBias, NORMAL, 3L * dim, dim);
      Affine projection = scaled(start + "attn.proj", dim, attentionScale);
      Affine norm2 = norm(start + "norm2");
      Affine first = list.layer(start + "mlp.fc1", Form.MATRIX, Form.PLAIN, NORMAL, hidden, dim);
      Affine second = scaled(start + "mlp.fc2", hidden, hiddenScale);
      return new Block(norm1, qkv, projection, attentionScale, norm2, first, second, hiddenScale);
    }
  }
}
