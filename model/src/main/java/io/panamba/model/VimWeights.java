package io.panamba.model;

import io.panamba.model.graph.DeviceMemory;
import io.panamba.model.block.ClassToken;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.DType;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.PatchEmbedding.ClassIndex;
import java.util.ArrayList;
import java.util.List;

/**
 * A network's weights on a device, under the keys of the original state dict.
 *
 * @param projection of patches, (dim, colours * patch * patch)
 * @param projectionBias (dim)
 * @param classTokens (tokens, dim) or null
 * @param positions (tokens, dim) on the heap, as trained, or null
 * @param rotary tables as trained, or null
 * @param layers in order
 * @param finalNorm of the residual stream
 * @param head (classes, dim) or null; in float32 whatever the precision
 * @param headBias (classes) or null
 */
record VimWeights(
    PackedMatrix projection,
    Tensor projectionBias,
    Tensor classTokens,
    float[] positions,
    RotaryEmbedding.Tables rotary,
    List<Layer> layers,
    NormWeights finalNorm,
    PackedMatrix head,
    Tensor headBias) {

  private static final double LOG2_E = 1 / Math.log(2);

  /** A norm's weight and, for layer norms, bias. */
  record NormWeights(Tensor weight, Tensor bias) {}

  /** One direction of a mixer. */
  record Branch(
      Tensor convWeight,
      Tensor convBias,
      PackedMatrix projection,
      Tensor dtWeight,
      Tensor dtBias,
      Tensor a,
      Tensor d) {}

  /**
   * One layer; backward is null if there is one direction. The halves of in_proj, of x and of the
   * gate z, are apart because not everybody needs both.
   */
  record Layer(
      NormWeights norm,
      PackedMatrix xProjection,
      Tensor xBias,
      PackedMatrix zProjection,
      Tensor zBias,
      Branch forward,
      Branch backward,
      PackedMatrix outProjection,
      Tensor outBias) {}

  static VimWeights load(Checkpoint checkpoint, VimConfig config, DeviceMemory memory) {
    try (Parameters parameters = new Parameters(checkpoint, memory)) {
      return load(checkpoint, config, parameters);
    }
  }

  private static VimWeights load(Checkpoint checkpoint, VimConfig config, Parameters parameters) {
    int dim = config.dim();
    DType dtype = config.precision().dtype();
    PackedMatrix projection =
        parameters.packed(
            "patch_embed.proj.weight",
            dtype,
            null,
            dim,
            config.colours(),
            config.patch(),
            config.patch());
    Tensor projectionBias = parameters.tensor("patch_embed.proj.bias", dim);
    Tensor classTokens = classTokens(parameters, config);
    float[] positions = config.positions() ? positions(parameters, checkpoint, config) : null;
    RotaryEmbedding.Tables rotary = config.rope() ? rotary(parameters, checkpoint, config) : null;
    List<Layer> layers = new ArrayList<>();
    for (int i = 0; i < config.depth(); i++) {
      layers.add(layer(parameters, config, "layers." + i + "."));
    }
    NormWeights finalNorm = norm(parameters, config, "norm_f.");
    PackedMatrix head =
        config.classes() == 0
            ? null
            : parameters.packed("head.weight", DType.F32, null, config.classes(), dim);
    Tensor headBias =
        config.classes() == 0 ? null : parameters.tensor("head.bias", config.classes());
    parameters.requireAllUsed();
    return new VimWeights(
        projection,
        projectionBias,
        classTokens,
        positions,
        rotary,
        List.copyOf(layers),
        finalNorm,
        head,
        headBias);
  }

  private static Tensor classTokens(Parameters parameters, VimConfig config) {
    int dim = config.dim();
    return switch (config.classToken()) {
      case NONE -> null;
      case HEAD, MIDDLE -> parameters.tensor("cls_token", 1, 1, dim).reshape(Shape.of(1, dim));
      case DOUBLE -> {
        float[] both = new float[2 * dim];
        System.arraycopy(parameters.floats("cls_token_head", 1, 1, dim), 0, both, 0, dim);
        System.arraycopy(parameters.floats("cls_token_tail", 1, 1, dim), 0, both, dim, dim);
        yield parameters.upload(Shape.of(2, dim), both);
      }
    };
  }

  private static float[] positions(Parameters parameters, Checkpoint checkpoint, VimConfig config) {
    long tokens = checkpoint.find("pos_embed").orElseThrow().shape().size(1);
    return parameters.floats("pos_embed", 1, tokens, config.dim());
  }

  private static RotaryEmbedding.Tables rotary(
      Parameters parameters, Checkpoint checkpoint, VimConfig config) {
    long tokens = checkpoint.find("rope.freqs_cos").orElseThrow().shape().size(0);
    return new RotaryEmbedding.Tables(
        parameters.floats("rope.freqs_cos", tokens, config.dim()),
        parameters.floats("rope.freqs_sin", tokens, config.dim()));
  }

  private static NormWeights norm(Parameters parameters, VimConfig config, String prefix) {
    return new NormWeights(
        parameters.tensor(prefix + "weight", config.dim()),
        config.layerNorm() ? parameters.tensor(prefix + "bias", config.dim()) : null);
  }

  private static Layer layer(Parameters parameters, VimConfig config, String prefix) {
    int dim = config.dim();
    int inner = config.inner();
    DType dtype = config.precision().dtype();
    String mixer = prefix + "mixer.";
    // Layer scale multiplies the mixer's output, which is linear in out_proj: it folds into the
    // rows of its weight.
    Tensor gamma = config.layerScale() ? parameters.onHost(mixer + "gamma", dim) : null;
    Branch forward = branch(parameters, config, prefix, "", "A_log");
    Branch backward =
        switch (config.bimamba()) {
          case NONE -> null;
          case V1 -> withA(forward, a(parameters, config, mixer + "A_b_log"));
          case V2 -> branch(parameters, config, prefix, "_b", "A_b_log");
        };
    String inKey = mixer + "in_proj.weight";
    Tensor inBias = parameters.common(prefix, "mixer.in_proj.bias", 2L * inner);
    return new Layer(
        norm(parameters, config, prefix + "norm."),
        parameters.packedRows(inKey, dtype, null, 0, inner, 2L * inner, dim),
        inBias == null ? null : inBias.slice(0, inner),
        parameters.packedRows(inKey, dtype, null, inner, inner, 2L * inner, dim),
        inBias == null ? null : inBias.slice(inner, inner),
        forward,
        backward,
        parameters.packed(mixer + "out_proj.weight", dtype, gamma, dim, inner),
        outBias(parameters, prefix, gamma, dim));
  }

  private static Tensor outBias(Parameters parameters, String prefix, Tensor gamma, int dim) {
    String suffix = "mixer.out_proj.bias";
    if (!parameters.isCommon(suffix)) {
      return null;
    }
    float[] values = parameters.floats(prefix + suffix, dim);
    if (gamma != null) {
      float[] factors = gamma.toFloats();
      for (int i = 0; i < values.length; i++) {
        values[i] *= factors[i];
      }
    }
    return parameters.upload(Shape.of(dim), values);
  }

  private static Branch branch(
      Parameters parameters, VimConfig config, String prefix, String suffix, String aKey) {
    String mixer = prefix + "mixer.";
    int inner = config.inner();
    int rank = config.dtRank();
    int kernel = config.kernel();
    return new Branch(
        parameters.transposed(
            mixer + "conv1d" + suffix + ".weight", x -> x, inner, kernel, inner, 1, kernel),
        parameters.common(prefix, "mixer.conv1d" + suffix + ".bias", inner),
        parameters.packed(
            mixer + "x_proj" + suffix + ".weight",
            config.precision().dtype(),
            null,
            rank + 2L * config.states(),
            inner),
        parameters.transposed(
            mixer + "dt_proj" + suffix + ".weight", x -> x, inner, rank, inner, rank),
        parameters.tensor(mixer + "dt_proj" + suffix + ".bias", inner),
        a(parameters, config, mixer + aKey),
        parameters.tensor(mixer + "D" + suffix, inner));
  }

  /** A = -exp(A_log), times log2(e) because the scan raises 2 to powers. */
  private static Tensor a(Parameters parameters, VimConfig config, String key) {
    return parameters.transposed(
        key,
        log -> -Math.exp(log) * LOG2_E,
        config.inner(),
        config.states(),
        config.inner(),
        config.states());
  }

  private static Branch withA(Branch branch, Tensor a) {
    return new Branch(
        branch.convWeight,
        branch.convBias,
        branch.projection,
        branch.dtWeight,
        branch.dtBias,
        a,
        branch.d);
  }

  /** Returns the places of the class tokens for a number of patches. */
  static ClassIndex classIndex(VimConfig config) {
    return config.classToken() == ClassToken.NONE
        ? ClassIndex.NONE
        : ClassIndex.of(config.classToken().places(config.patches()));
  }
}
