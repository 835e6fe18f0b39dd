package io.panamba.model.vim;

import io.panamba.model.architecture.Blueprint;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.LoadedNetwork;
import io.panamba.model.architecture.PreprocessingSettings;
import io.panamba.model.architecture.Setting;
import io.panamba.model.architecture.Settings;
import io.panamba.model.architecture.StreamOptions;
import io.panamba.model.architecture.StreamedProgram;
import io.panamba.model.architecture.Streaming;
import io.panamba.model.block.ClassToken;
import io.panamba.model.block.Pooling;
import io.panamba.model.block.PositionInterpolation;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.image.Preprocessing;
import io.panamba.model.memory.CountingArena;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.Set;

/** Vision Mamba (arXiv 2401.09417) and its variants in the original repository. */
public final class Vim implements Streaming<VimConfig> {
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
    if (!keys.contains(VimKeys.PROJECTION)) {
      return Optional.of(VimKeys.PROJECTION + " is missing");
    }
    // Transformers of patches begin with the same weight.
    return keys.stream().anyMatch(VimKeys::isOfVim)
        ? Optional.empty()
        : Optional.of("there are neither layers.# nor norm_f");
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
    Preset preset = presetOf(PRESETS, name);
    int dim = preset.dim;
    VimConfig config =
        new VimConfig(
            settings.imageSizeOr(preset.image),
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
        PreprocessingSettings.CROP_MODE,
        PreprocessingSettings.CROP_RATIO,
        PreprocessingSettings.MEAN,
        PreprocessingSettings.DEVIATION);
  }

  @Override
  public VimConfig withClasses(VimConfig config, int classes) {
    return config.withClasses(classes);
  }

  @Override
  public VimConfig withImage(VimConfig config, ImageSize image) {
    return config.withImage(image);
  }

  @Override
  public Blueprint<VimConfig> blueprint(VimConfig config) {
    return new VimNetwork(VimWeights.of(config));
  }

  @Override
  public VimConfig atBirth(VimConfig config) {
    config.grid().requireSquare();
    return config.sizes().positions() == 0
        ? config
        : config.withPositions(Math.toIntExact(config.length()));
  }

  @Override
  public Set<String> heads() {
    return Set.of("head.weight", "head.bias");
  }

  @Override
  public StreamedProgram stream(
      LoadedNetwork<VimConfig> network, StreamOptions options, CountingArena arena) {
    return VimStream.of(network, options, arena);
  }
}
