package io.panamba.model.deit;

import io.panamba.model.architecture.Architecture;
import io.panamba.model.architecture.Blueprint;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.PreprocessingSettings;
import io.panamba.model.architecture.Setting;
import io.panamba.model.architecture.Settings;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.image.Preprocessing;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.Set;

/**
 * DeiT (arXiv 2012.12877), plain and distilled, DeiT III (arXiv 2204.07118) and the Vision
 * Transformers that have the same weights.
 */
public final class Deit implements Architecture<DeitConfig> {
  /** How many heads attention has. */
  public static final Setting<Integer> HEADS =
      Setting.number(
          "heads",
          "deit.heads",
          "N",
          "Heads of attention (default: as the files beside the weights say, or else one for 64"
              + " numbers of the width).");

  /** What norms add to the variance. */
  public static final Setting<Double> NORM_EPSILON =
      Setting.of(
          "norm-epsilon",
          "deit.norm_epsilon",
          "E",
          "a number above 0 and below 1",
          "What norms add to the variance (default: 1e-6, under transformers' names 1e-12).",
          Deit::epsilon);

  /** How the position embedding is fitted to other grids. */
  public static final Setting<DeitInterpolation> POSITION_INTERPOLATION =
      Setting.choice(
          "position-interpolation",
          null,
          DeitInterpolation.REPO,
          "MODE",
          "For other image sizes: repo, as the original code does, or timm (default: repo).");

  /** The one instance. */
  public static final Deit FAMILY = new Deit();

  /** Of a head, where nothing else is said. */
  static final int HEAD_WIDTH = 64;

  /** What norms add, where nothing else is said. */
  static final double EPSILON = 1e-6;

  private record Preset(int image, int patch, int depth, int dim, int classes, boolean distilled) {}

  private static final SequencedMap<String, Preset> PRESETS = new LinkedHashMap<>();

  static {
    PRESETS.put("tiny", new Preset(224, 16, 12, 192, 1000, false));
    PRESETS.put("small", new Preset(224, 16, 12, 384, 1000, false));
    PRESETS.put("base", new Preset(224, 16, 12, 768, 1000, false));
    PRESETS.put("tiny-distilled", new Preset(224, 16, 12, 192, 1000, true));
    PRESETS.put("small-distilled", new Preset(224, 16, 12, 384, 1000, true));
    PRESETS.put("base-distilled", new Preset(224, 16, 12, 768, 1000, true));
    PRESETS.put("base-384", new Preset(384, 16, 12, 768, 1000, false));
    PRESETS.put("base-distilled-384", new Preset(384, 16, 12, 768, 1000, true));
    // Not published: for small pictures, and for trying things out.
    PRESETS.put("mini", new Preset(32, 4, 5, 64, 10, false));
  }

  private Deit() {}

  private static Optional<Double> epsilon(String text) {
    if (text.length() > 40 || !text.matches("[0-9]*\\.?[0-9]+([eE][-+]?[0-9]{1,3})?")) {
      return Optional.empty();
    }
    return Optional.of(Double.valueOf(text)).filter(Deit::isEpsilon);
  }

  /** Whether norms can add it: it is no zero to them either. */
  static boolean isEpsilon(double number) {
    return (float) number > 0 && number < 1;
  }

  @Override
  public String name() {
    return "deit";
  }

  @Override
  public String title() {
    return "DeiT";
  }

  @Override
  public Optional<String> obstacle(Set<String> keys) {
    return DeitKeys.obstacle(keys);
  }

  @Override
  public Checkpoint named(Checkpoint checkpoint) {
    return DeitKeys.original(checkpoint);
  }

  @Override
  public Set<String> kinds() {
    return DeitKeys.KINDS;
  }

  @Override
  public boolean isKnown(String key) {
    return DeitKeys.isKnown(key);
  }

  @Override
  public List<Setting<?>> settings() {
    List<Setting<?>> settings =
        new ArrayList<>(List.of(HEADS, NORM_EPSILON, POSITION_INTERPOLATION));
    settings.addAll(PreprocessingSettings.ALL);
    return settings;
  }

  @Override
  public DeitConfig read(Checkpoint checkpoint, Settings settings) {
    return new DeitConfigReader(checkpoint, settings).read();
  }

  @Override
  public SequencedSet<String> presets() {
    return PRESETS.sequencedKeySet();
  }

  @Override
  public DeitConfig preset(String name, Settings settings) {
    Preset preset = presetOf(PRESETS, name);
    Set<DeitTrait> traits = EnumSet.of(DeitTrait.QKV_BIAS);
    if (preset.distilled) {
      traits.add(DeitTrait.DISTILLED);
    }
    return new DeitConfig(
            settings.imageSizeOr(preset.image),
            new DeitSizes(
                3,
                preset.patch,
                preset.depth,
                preset.dim,
                settings.get(HEADS).orElse(preset.dim / HEAD_WIDTH),
                4 * preset.dim,
                0),
            preset.classes,
            traits,
            settings.get(NORM_EPSILON).orElse(EPSILON),
            settings.orStandard(POSITION_INTERPOLATION),
            PreprocessingSettings.read(settings, Map.of(), Preprocessing.IMAGENET),
            settings.orStandard(Settings.PRECISION))
        .withOwnPositions();
  }

  @Override
  public DeitConfig withClasses(DeitConfig config, int classes) {
    return config.withClasses(classes);
  }

  @Override
  public DeitConfig withImage(DeitConfig config, ImageSize image) {
    return config.withImage(image);
  }

  @Override
  public Blueprint<DeitConfig> blueprint(DeitConfig config) {
    return new DeitNetwork(DeitWeights.of(config));
  }

  @Override
  public DeitConfig atBirth(DeitConfig config) {
    config.grid().requireSquare();
    return config.withOwnPositions();
  }

  @Override
  public Set<String> heads() {
    return Set.of(DeitKeys.HEAD, "head.bias", DeitKeys.DISTILLATION_HEAD, "head_dist.bias");
  }
}
