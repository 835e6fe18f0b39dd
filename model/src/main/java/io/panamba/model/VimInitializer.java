package io.panamba.model;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.function.DoubleSupplier;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Random weights under the published keys, drawn as the original models are before training: {@code
 * _init_weights} and {@code segm_init_weights} of {@code vim/models_mamba.py}, and the constructor
 * of {@code mamba_ssm/modules/mamba_simple.py}.
 *
 * <ul>
 *   <li>{@code cls_token}, {@code pos_embed}, {@code head.weight}: normal with deviation 0.02
 *   <li>{@code patch_embed.proj.weight}: normal with deviation sqrt(1 / fan-in) / 0.8796
 *   <li>{@code in_proj}, {@code x_proj}, {@code conv1d}, its bias too: uniform in +-1 /
 *       sqrt(fan-in)
 *   <li>{@code out_proj}: likewise, divided by the square root of the number of layers
 *   <li>{@code dt_proj.weight}: uniform in +-1 / sqrt(rank)
 *   <li>{@code dt_proj.bias}: the inverse softplus of a step drawn log-uniformly from 0.001 to 0.1
 *   <li>{@code dt_proj_b.bias}: zero. The original marks only the forward bias as not to be reset.
 *   <li>{@code A_log}: log(1), log(2), ... for every channel; {@code D} and norms: one
 *   <li>every other bias: zero
 * </ul>
 *
 * <p>The original truncates its normal distributions at +-2, 48 deviations away at the nearest;
 * here they are whole.
 */
public final class VimInitializer {
  /**
   * The name of the random number generator. Tensors are drawn one after the other in the order of
   * the state dict, with arithmetic that is the same on every machine.
   */
  public static final String GENERATOR = "L64X128MixRandom";

  private static final double DEVIATION = 0.02;

  /** The deviation of a standard normal distribution truncated at +-2. */
  private static final double TRUNCATED_DEVIATION = 0.8796256610342398;

  private static final double MIN_STEP = 0.001;
  private static final double MAX_STEP = 0.1;
  private static final double STEP_FLOOR = 1e-4;

  private final VimConfig config;
  private final RandomGenerator random;
  private final Arena arena;
  private final SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();

  private VimInitializer(VimConfig config, long seed, Arena arena) {
    this.config = config;
    this.random = RandomGeneratorFactory.of(GENERATOR).create(seed);
    this.arena = arena;
  }

  /**
   * Draws the weights of a network.
   *
   * @param preset its size
   * @param options its image size, stride and class token; what they leave open is as published
   * @param seed of the random numbers; the same seed gives the same bits
   * @param arena the owner of the tensors
   * @return as {@link #initialize(VimConfig, long, Arena)}
   * @throws IllegalArgumentException likewise
   */
  public static SequencedMap<String, Tensor> initialize(
      VimPreset preset, VimOptions options, long seed, Arena arena) {
    return initialize(preset.config(options), seed, arena);
  }

  /**
   * Draws the weights of a network.
   *
   * @param config of a {@linkplain VimPreset preset}, with any number of classes
   * @param seed of the random numbers; the same seed gives the same bits
   * @param arena the owner of the tensors
   * @return the tensors by key, in the order of the state dict
   * @throws IllegalArgumentException if the patches are no square grid, which is the only one that
   *     a checkpoint can tell
   */
  public static SequencedMap<String, Tensor> initialize(VimConfig config, long seed, Arena arena) {
    requireSquareGrid(config);
    VimInitializer initializer = new VimInitializer(config, seed, arena);
    initializer.network();
    return Collections.unmodifiableSequencedMap(initializer.tensors);
  }

  static void requireSquareGrid(VimConfig config) {
    if (config.gridHeight() != config.gridWidth()) {
      throw new IllegalArgumentException(
          "weights are made for a square grid of patches, not for %d x %d; a network made for a square one runs on other images too"
              .formatted(config.gridHeight(), config.gridWidth()));
    }
  }

  /** Draws a new head (classes, dim). */
  static Tensor head(int classes, int dim, long seed, Arena arena) {
    RandomGenerator random = RandomGeneratorFactory.of(GENERATOR).create(seed);
    Tensor head = Tensor.allocate(arena, DType.F32, Shape.of(classes, dim));
    for (long i = 0; i < (long) classes * dim; i++) {
      head.segment().setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (DEVIATION * gaussian(random)));
    }
    return head;
  }

  private void network() {
    int dim = config.dim();
    switch (config.classToken()) {
      case NONE -> {}
      case HEAD, MIDDLE -> normal("cls_token", DEVIATION, 1, 1, dim);
      case DOUBLE -> {
        normal("cls_token_head", DEVIATION, 1, 1, dim);
        normal("cls_token_tail", DEVIATION, 1, 1, dim);
      }
    }
    normal("pos_embed", DEVIATION, 1, config.length(), dim);
    int colours = config.colours();
    int patch = config.patch();
    double fanIn = (double) colours * patch * patch;
    normal(
        "patch_embed.proj.weight",
        Math.sqrt(1 / fanIn) / TRUNCATED_DEVIATION,
        dim,
        colours,
        patch,
        patch);
    constant("patch_embed.proj.bias", 0, dim);
    normal("head.weight", DEVIATION, config.classes(), dim);
    constant("head.bias", 0, config.classes());
    for (int i = 0; i < config.depth(); i++) {
      layer("layers." + i + ".");
    }
    constant("norm_f.weight", 1, dim);
  }

  private void layer(String prefix) {
    int dim = config.dim();
    int inner = config.inner();
    String mixer = prefix + "mixer.";
    logarithms(mixer + "A_log");
    constant(mixer + "D", 1, inner);
    logarithms(mixer + "A_b_log");
    constant(mixer + "D_b", 1, inner);
    uniform(mixer + "in_proj.weight", 1 / Math.sqrt(dim), 2L * inner, dim);
    branch(mixer, "", true);
    branch(mixer, "_b", false);
    uniform(mixer + "out_proj.weight", 1 / Math.sqrt((double) inner * config.depth()), dim, inner);
    constant(prefix + "norm.weight", 1, dim);
  }

  private void branch(String mixer, String suffix, boolean steps) {
    int inner = config.inner();
    int kernel = config.kernel();
    int rank = config.dtRank();
    uniform(mixer + "conv1d" + suffix + ".weight", 1 / Math.sqrt(kernel), inner, 1, kernel);
    uniform(mixer + "conv1d" + suffix + ".bias", 1 / Math.sqrt(kernel), inner);
    uniform(
        mixer + "x_proj" + suffix + ".weight",
        1 / Math.sqrt(inner),
        rank + 2L * config.states(),
        inner);
    uniform(mixer + "dt_proj" + suffix + ".weight", 1 / Math.sqrt(rank), inner, rank);
    if (steps) {
      fill(mixer + "dt_proj" + suffix + ".bias", this::inverseSoftplusOfStep, inner);
    } else {
      constant(mixer + "dt_proj" + suffix + ".bias", 0, inner);
    }
  }

  private double inverseSoftplusOfStep() {
    double low = StrictMath.log(MIN_STEP);
    double high = StrictMath.log(MAX_STEP);
    double step = StrictMath.exp(low + random.nextDouble() * (high - low));
    step = Math.max(step, STEP_FLOOR);
    return step + StrictMath.log(-StrictMath.expm1(-step));
  }

  private void logarithms(String key) {
    int states = config.states();
    MemorySegment segment = tensor(key, config.inner(), states).segment();
    for (long i = 0; i < (long) config.inner() * states; i++) {
      segment.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) StrictMath.log(1.0 + i % states));
    }
  }

  private void constant(String key, double value, long... sizes) {
    fill(key, () -> value, sizes);
  }

  private void uniform(String key, double bound, long... sizes) {
    fill(key, () -> bound * (2 * random.nextDouble() - 1), sizes);
  }

  private void normal(String key, double deviation, long... sizes) {
    fill(key, () -> deviation * gaussian(random), sizes);
  }

  /** Box and Muller's transform: the generator's own normal numbers may change between JDKs. */
  private static double gaussian(RandomGenerator random) {
    double radius = StrictMath.sqrt(-2 * StrictMath.log(1 - random.nextDouble()));
    return radius * StrictMath.cos(2 * Math.PI * random.nextDouble());
  }

  private void fill(String key, DoubleSupplier values, long... sizes) {
    MemorySegment segment = tensor(key, sizes).segment();
    long count = segment.byteSize() / Float.BYTES;
    for (long i = 0; i < count; i++) {
      segment.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) values.getAsDouble());
    }
  }

  private Tensor tensor(String key, long... sizes) {
    Tensor tensor = Tensor.allocate(arena, DType.F32, Shape.of(sizes));
    tensors.put(key, tensor);
    return tensor;
  }
}
