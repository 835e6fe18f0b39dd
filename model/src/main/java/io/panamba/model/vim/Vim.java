package io.panamba.model.vim;

import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.LoadedNetwork;
import io.panamba.model.architecture.PreprocessingSettings;
import io.panamba.model.architecture.Setting;
import io.panamba.model.architecture.Settings;
import io.panamba.model.architecture.Trainable;
import io.panamba.model.architecture.TrainingProgram;
import io.panamba.model.architecture.TrainingStep;
import io.panamba.model.block.ClassToken;
import io.panamba.model.block.Pooling;
import io.panamba.model.block.PositionInterpolation;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.StoredTensor;
import io.panamba.model.graph.DeviceMemory;
import io.panamba.model.image.Preprocessing;
import io.panamba.model.weights.LoadedWeights;
import io.panamba.model.weights.TrainedWeights;
import io.panamba.model.weights.Weight;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.Set;

/** Vision Mamba (arXiv 2401.09417) and its variants in the original repository. */
public final class Vim implements Trainable<VimConfig> {
  /** Pixels from patch to patch. */
  public static final Setting<Integer> STRIDE =
      Setting.number(
          "stride",
          "vim.stride",
          "N",
          "Pixels from patch to patch (default: as the model was trained).");

  /** Where class tokens stand. */
  public static final Setting<ClassToken> CLASS_TOKEN =
      Setting.choice(
          "class-token",
          "vim.class_token",
          ClassToken.MIDDLE,
          "PLACE",
          "middle, head, double or none (default: as the model was trained).");

  /** How a network without a class token makes one answer of many tokens. */
  public static final Setting<Pooling> POOLING =
      Setting.choice(
          "pool",
          "vim.pooling",
          Pooling.MEAN,
          "KIND",
          "Without a class token: mean, last, max or all (default: mean).");

  /** Whether the directions of v2 are averaged. */
  public static final Setting<Boolean> DIVIDE_OUT =
      Setting.flag(
          "divide-out",
          "vim.divide_out",
          true,
          "Add the two directions of a layer instead of averaging them.");

  /** Whether odd layers run backward. */
  public static final Setting<Boolean> LAYER_BIDIRECTIONAL =
      Setting.flag(
          "layer-bidirectional",
          null,
          false,
          "Every second layer runs backward (if_bidirectional).");

  /** Whether the rotary embedding turns the residual too. */
  public static final Setting<Boolean> ROPE_RESIDUAL =
      Setting.flag("rope-residual", null, true, "The rotary embedding leaves the residual alone.");

  /** How the position embedding is fitted to other grids. */
  public static final Setting<PositionInterpolation> POSITION_INTERPOLATION =
      Setting.choice(
          "position-interpolation",
          null,
          PositionInterpolation.ALIGNED,
          "MODE",
          "For other image sizes: aligned, or repo for what the original code does (default:"
              + " aligned).");

  /** The one instance. */
  public static final Vim FAMILY = new Vim();

  /** What a usual size consists of. */
  private record Preset(int image, int patch, int depth, int dim, int classes) {}

  private static final SequencedMap<String, Preset> PRESETS = new LinkedHashMap<>();

  static {
    PRESETS.put("tiny", new Preset(224, 16, 24, 192, 1000));
    PRESETS.put("small", new Preset(224, 16, 24, 384, 1000));
    PRESETS.put("base", new Preset(224, 16, 24, 768, 1000));
    // Not published: for small pictures, and for trying things out.
    PRESETS.put("mini", new Preset(32, 4, 5, 64, 10));
    PRESETS.put("nano", new Preset(32, 8, 3, 32, 10));
  }

  private Vim() {}

  @Override
  public String name() {
    return "vim";
  }

  @Override
  public String title() {
    return "Vim";
  }

  @Override
  public Optional<String> obstacle(Set<String> keys) {
    return keys.contains(VimKeys.PROJECTION)
        ? Optional.empty()
        : Optional.of(VimKeys.PROJECTION + " is missing");
  }

  @Override
  public Set<String> kinds() {
    return VimKeys.KINDS;
  }

  @Override
  public boolean isKnown(String key) {
    return VimKeys.isKnown(key);
  }

  @Override
  public VimConfig read(Checkpoint checkpoint, Settings settings) {
    return VimConfigReader.read(checkpoint, settings);
  }

  @Override
  public SequencedSet<String> presets() {
    return PRESETS.sequencedKeySet();
  }

  @Override
  public VimConfig preset(String name, Settings settings) {
    Preset preset = PRESETS.get(name);
    if (preset == null) {
      throw new IllegalArgumentException(
          "no size of Vim is called '%s'; there are %s"
              .formatted(name, String.join(", ", PRESETS.keySet())));
    }
    int dim = preset.dim;
    VimConfig config =
        new VimConfig(
            new ImageSize(
                settings.get(Settings.IMAGE_HEIGHT).orElse(preset.image),
                settings.get(Settings.IMAGE_WIDTH).orElse(preset.image)),
            new VimSizes(
                3,
                preset.patch,
                settings.get(STRIDE).orElse(preset.patch),
                preset.depth,
                dim,
                2 * dim,
                16,
                Math.ceilDiv(dim, 16),
                4,
                0,
                0),
            preset.classes,
            settings.orStandard(CLASS_TOKEN),
            settings.orStandard(POOLING),
            Bimamba.V2,
            traits(settings, EnumSet.of(VimTrait.CONV_BIAS, VimTrait.BACKWARD_CONV_BIAS)),
            settings.orStandard(POSITION_INTERPOLATION),
            PreprocessingSettings.read(settings, Map.of(), Preprocessing.IMAGENET),
            settings.orStandard(Settings.PRECISION));
    return config.withPositions(Math.toIntExact(config.length()));
  }

  /** Adds what settings say to what weights say. */
  static Set<VimTrait> traits(Settings settings, Set<VimTrait> found) {
    EnumSet<VimTrait> traits = EnumSet.noneOf(VimTrait.class);
    traits.addAll(found);
    add(traits, VimTrait.DIVIDE_OUT, settings.orStandard(DIVIDE_OUT));
    add(traits, VimTrait.LAYER_BIDIRECTIONAL, settings.orStandard(LAYER_BIDIRECTIONAL));
    add(traits, VimTrait.ROPE_RESIDUAL, settings.orStandard(ROPE_RESIDUAL));
    return traits;
  }

  private static void add(Set<VimTrait> traits, VimTrait trait, boolean has) {
    if (has) {
      traits.add(trait);
    }
  }

  @Override
  public List<Setting<?>> settings() {
    return List.of(
        STRIDE,
        CLASS_TOKEN,
        POOLING,
        DIVIDE_OUT,
        LAYER_BIDIRECTIONAL,
        ROPE_RESIDUAL,
        POSITION_INTERPOLATION,
        PreprocessingSettings.CROP_RATIO,
        PreprocessingSettings.MEAN,
        PreprocessingSettings.DEVIATION);
  }

  @Override
  public VimConfig withClasses(VimConfig config, int classes) {
    return config.withClasses(classes);
  }

  @Override
  public List<Weight> weights(VimConfig config) {
    return VimWeights.of(config).list();
  }

  @Override
  public VimConfig atBirth(VimConfig config) {
    if (config.gridHeight() != config.gridWidth()) {
      throw new IllegalArgumentException(
          "weights are made for a square grid of patches, not for %d x %d; a network made for a square one runs on other images too"
              .formatted(config.gridHeight(), config.gridWidth()));
    }
    return config.sizes().positions() == 0
        ? config
        : config.withPositions(Math.toIntExact(config.length()));
  }

  @Override
  public Set<String> heads() {
    return Set.of("head.weight", "head.bias");
  }

  @Override
  public Optional<float[]> fit(Weight weight, StoredTensor stored, VimConfig config) {
    if (!weight.key().equals(VimKeys.POSITIONS)) {
      return Optional.empty();
    }
    try (Arena arena = Arena.ofConfined()) {
      Shape shape = Shape.of(config.length(), config.sizes().dim());
      Tensor fitted = Tensor.allocate(arena, DType.F32, shape);
      config
          .fitPositions(stored.toFloats(), config.gridHeight(), config.gridWidth())
          .write(0, fitted);
      return Optional.of(fitted.toFloats());
    }
  }

  @Override
  public Optional<String> untrainable(VimConfig config) {
    String variant = null;
    if (config.bimamba() != Bimamba.V2) {
      variant = "mixers of another kind than bimamba v2";
    } else if (config.hasRotary()) {
      variant = "a rotary embedding";
    } else if (config.has(VimTrait.LAYER_BIDIRECTIONAL)) {
      variant = "layers that run backward as a whole (if_bidirectional)";
    } else if (config.has(VimTrait.LAYER_SCALE)) {
      variant = "a layer scale";
    } else if (config.has(VimTrait.IN_BIAS) || config.has(VimTrait.OUT_BIAS)) {
      variant = "biases in its projections";
    } else if (!config.has(VimTrait.CONV_BIAS) || !config.has(VimTrait.BACKWARD_CONV_BIAS)) {
      variant = "convolutions without a bias";
    } else if (config.keepsEveryToken()) {
      variant = "an answer for every token (pooling 'max' or 'all')";
    }
    return Optional.ofNullable(variant);
  }

  @Override
  public TrainedWeights allocate(VimConfig config, boolean averaged, Arena arena) {
    VimWeights weights = VimWeights.of(config);
    // Two class tokens are one tensor to the kernels.
    Set<Weight> joined = Set.copyOf(weights.classTokens().stream().skip(1).toList());
    return new TrainedWeights(weights.trained(), joined, averaged, arena);
  }

  @Override
  public TrainingProgram write(
      VimConfig config, TrainedWeights weights, TrainingStep step, Device device, Arena arena) {
    return new TrainingNetwork(config, weights, step, device, arena).program();
  }

  @Override
  public LoadedNetwork bind(VimConfig config, LoadedWeights weights, DeviceMemory memory) {
    return new LoadedVim(config, weights, memory);
  }
}
