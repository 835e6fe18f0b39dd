package io.panamba.model.mambaout;

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

/** MambaOut (arXiv 2405.07992): the published five, and timm's variants of them. */
public final class MambaOut implements Architecture<MambaOutConfig> {
  /** What the gates go through. */
  public static final Setting<MambaOutActivation> ACTIVATION =
      Setting.choice(
          "gate-activation",
          "mambaout.gate_activation",
          MambaOutActivation.AUTO,
          "NAME",
          "What the gates of a MambaOut go through: gelu, silu, or auto, as in the published models"
              + " of such shapes (default: auto).");

  /** The one instance. */
  public static final MambaOut FAMILY = new MambaOut();

  /**
   * Of the published five: the whole of the resized picture's shorter side (README of {@code
   * yuweihao/MambaOut}). timm's files have their own beside them.
   */
  static final Preprocessing PREPROCESSING =
      new Preprocessing(1, Preprocessing.IMAGENET.mean(), Preprocessing.IMAGENET.deviation());

  /** Of the gate's width to the stream's (section 4.2), cut to a whole number in double. */
  private static final double EXPANSION = 8.0 / 3;

  /** Of the head's hidden width. */
  static final int HEAD_EXPANSION = 4;

  /**
   * A usual size.
   *
   * @param expansion of the gate's width to the stream's
   * @param ratio of the convolution's width to the stream's
   * @param timm whether it is a variant of timm's
   */
  private record Preset(
      int image,
      int classes,
      List<Integer> depths,
      List<Integer> dims,
      double expansion,
      double ratio,
      boolean timm) {}

  private static final SequencedMap<String, Preset> PRESETS = new LinkedHashMap<>();

  private static final List<Integer> NARROW = List.of(48, 96, 192, 288);
  private static final List<Integer> MIDDLE = List.of(96, 192, 384, 576);
  private static final List<Integer> WIDE = List.of(128, 256, 512, 768);

  static {
    published("tiny", List.of(3, 3, 9, 3), MIDDLE);
    published("femto", List.of(3, 3, 9, 3), NARROW);
    published("kobe", List.of(3, 3, 15, 3), NARROW);
    published("small", List.of(3, 4, 27, 3), MIDDLE);
    published("base", List.of(3, 4, 27, 3), WIDE);
    timm("small-rw", List.of(3, 4, 27, 3), MIDDLE, EXPANSION, 1);
    timm("base-short-rw", List.of(3, 3, 25, 3), WIDE, 3, 1.25);
    timm("base-tall-rw", List.of(3, 4, 30, 3), WIDE, 2.5, 1.25);
    timm("base-wide-rw", List.of(3, 4, 27, 3), WIDE, 3, 1.5);
    timm("base-plus-rw", List.of(3, 4, 30, 3), WIDE, 3, 1.5);
    // Not published: for small pictures, and for trying things out.
    PRESETS.put(
        "mini",
        new Preset(32, 10, List.of(1, 1, 2, 1), List.of(32, 48, 64, 96), EXPANSION, 1, false));
  }

  private MambaOut() {}

  private static void published(String name, List<Integer> depths, List<Integer> dims) {
    PRESETS.put(name, new Preset(224, 1000, depths, dims, EXPANSION, 1, false));
  }

  private static void timm(
      String name, List<Integer> depths, List<Integer> dims, double expansion, double ratio) {
    PRESETS.put(name, new Preset(224, 1000, depths, dims, expansion, ratio, true));
  }

  @Override
  public String name() {
    return "mambaout";
  }

  @Override
  public String title() {
    return "MambaOut";
  }

  @Override
  public Optional<String> obstacle(Set<String> keys) {
    return MambaOutKeys.obstacle(keys);
  }

  @Override
  public Checkpoint named(Checkpoint checkpoint) {
    return MambaOutKeys.original(checkpoint);
  }

  @Override
  public Set<String> kinds() {
    return MambaOutKeys.KINDS;
  }

  @Override
  public boolean isKnown(String key) {
    return MambaOutKeys.isKnown(key);
  }

  @Override
  public List<Setting<?>> settings() {
    List<Setting<?>> settings = new ArrayList<>(List.of(ACTIVATION));
    settings.addAll(PreprocessingSettings.ALL);
    return settings;
  }

  @Override
  public MambaOutConfig read(Checkpoint checkpoint, Settings settings) {
    return new MambaOutConfigReader(checkpoint, settings).read();
  }

  @Override
  public SequencedSet<String> presets() {
    return PRESETS.sequencedKeySet();
  }

  @Override
  public MambaOutConfig preset(String name, Settings settings) {
    Preset preset = presetOf(PRESETS, name);
    List<MambaOutStage> stages = new ArrayList<>();
    for (int i = 0; i < preset.dims.size(); i++) {
      int dim = preset.dims.get(i);
      stages.add(
          new MambaOutStage(
              preset.depths.get(i),
              dim,
              (int) (preset.expansion * dim),
              (int) (preset.ratio * dim)));
    }
    return new MambaOutConfig(
        settings.imageSizeOr(preset.image),
        3,
        stages,
        HEAD_EXPANSION * preset.dims.getLast(),
        preset.classes,
        preset.timm
            ? EnumSet.of(MambaOutTrait.NORM_FIRST, MambaOutTrait.LAYER_SCALE)
            : EnumSet.of(MambaOutTrait.STEM_NORM, MambaOutTrait.HEAD_NORM),
        settings.orStandard(ACTIVATION),
        PreprocessingSettings.read(settings, Map.of(), PREPROCESSING),
        settings.orStandard(Settings.PRECISION));
  }

  @Override
  public MambaOutConfig withClasses(MambaOutConfig config, int classes) {
    return config.withClasses(classes);
  }

  @Override
  public MambaOutConfig withImage(MambaOutConfig config, ImageSize image) {
    return config.withImage(image);
  }

  @Override
  public Blueprint<MambaOutConfig> blueprint(MambaOutConfig config) {
    return new MambaOutNetwork(MambaOutWeights.of(config));
  }

  /** Nothing in it depends on the size of images. */
  @Override
  public MambaOutConfig atBirth(MambaOutConfig config) {
    return config;
  }

  @Override
  public Set<String> heads() {
    return Set.of(
        "head.fc1.weight",
        "head.fc1.bias",
        "head.norm.weight",
        "head.norm.bias",
        MambaOutKeys.HEAD,
        "head.fc2.bias");
  }
}
