package io.panamba.model.vmamba;

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
 * VMamba (arXiv 2401.10166): the published second family, "vanilla" before it, and what their
 * options gate, oact, unidi and bidi make of them.
 */
public final class Vmamba implements Architecture<VmambaConfig> {
  /** Where the walks go. */
  public static final Setting<VmambaScan> SCAN =
      Setting.choice(
          "scan",
          "vmamba.scan",
          VmambaScan.CROSS,
          "NAME",
          "Where the four walks of a VMamba go: cross (rows and columns from either end), unidi"
              + " (rows) or bidi (rows from either end) (default: cross).");

  /** Whether the norm behind the scan is followed by GELU. */
  public static final Setting<Boolean> OUT_ACTIVATION =
      Setting.flag(
          "out-activation",
          "vmamba.out_activation",
          false,
          "GELU behind the norm of a VMamba's scan, as models of the type oact have (default:"
              + " false).");

  /** The one instance. */
  public static final Vmamba FAMILY = new Vmamba();

  /**
   * A usual size.
   *
   * @param ratio of the scan's width to the stream's
   */
  private record Preset(
      int image, int classes, List<Integer> depths, int dim, double ratio, boolean vanilla) {}

  private static final SequencedMap<String, Preset> PRESETS = new LinkedHashMap<>();

  static {
    published("tiny", List.of(2, 2, 8, 2), 96, 1, false);
    published("small", List.of(2, 2, 15, 2), 96, 2, false);
    published("base", List.of(2, 2, 15, 2), 128, 2, false);
    published("tiny-s2l5", List.of(2, 2, 5, 2), 96, 2, false);
    published("small-s1l20", List.of(2, 2, 20, 2), 96, 1, false);
    published("base-s1l20", List.of(2, 2, 20, 2), 128, 1, false);
    published("vanilla-tiny", List.of(2, 2, 9, 2), 96, 2, true);
    published("vanilla-small", List.of(2, 2, 27, 2), 96, 2, true);
    published("vanilla-base", List.of(2, 2, 27, 2), 128, 2, true);
    // Not published: for small pictures, and for trying things out.
    PRESETS.put("mini", new Preset(32, 10, List.of(1, 1, 2, 1), 24, 1, false));
  }

  private Vmamba() {}

  private static void published(
      String name, List<Integer> depths, int dim, double ratio, boolean vanilla) {
    PRESETS.put(name, new Preset(224, 1000, depths, dim, ratio, vanilla));
  }

  @Override
  public String name() {
    return "vmamba";
  }

  @Override
  public String title() {
    return "VMamba";
  }

  @Override
  public Optional<String> obstacle(Set<String> keys) {
    return VmambaKeys.obstacle(keys);
  }

  @Override
  public Checkpoint named(Checkpoint checkpoint) {
    return VmambaKeys.original(checkpoint);
  }

  @Override
  public Set<String> kinds() {
    return VmambaKeys.KINDS;
  }

  @Override
  public boolean isKnown(String key) {
    return VmambaKeys.isKnown(key);
  }

  @Override
  public List<Setting<?>> settings() {
    List<Setting<?>> settings = new ArrayList<>(List.of(SCAN, OUT_ACTIVATION));
    settings.addAll(PreprocessingSettings.ALL);
    return settings;
  }

  @Override
  public VmambaConfig read(Checkpoint checkpoint, Settings settings) {
    return new VmambaConfigReader(checkpoint, settings).read();
  }

  @Override
  public SequencedSet<String> presets() {
    return PRESETS.sequencedKeySet();
  }

  @Override
  public VmambaConfig preset(String name, Settings settings) {
    Preset preset = presetOf(PRESETS, name);
    List<VmambaStage> stages = new ArrayList<>();
    int dim = preset.dim;
    for (int depth : preset.depths) {
      stages.add(
          new VmambaStage(
              depth,
              dim,
              (int) (preset.ratio * dim),
              preset.vanilla ? 16 : 1,
              Math.ceilDiv(dim, 16),
              preset.vanilla ? 0 : 4 * dim));
      dim *= 2;
    }
    return new VmambaConfig(
        settings.imageSizeOr(preset.image),
        3,
        4,
        stages,
        3,
        preset.classes,
        preset.vanilla
            ? EnumSet.of(VmambaTrait.GATE, VmambaTrait.CONV_BIAS)
            : EnumSet.of(
                VmambaTrait.TWO_CONVOLUTIONS,
                VmambaTrait.CONVOLUTIONS_BETWEEN,
                VmambaTrait.WIDE_KERNELS_BETWEEN,
                VmambaTrait.PERCEPTRON),
        settings.orStandard(SCAN),
        settings.orStandard(OUT_ACTIVATION),
        PreprocessingSettings.read(settings, Map.of(), Preprocessing.IMAGENET),
        settings.orStandard(Settings.PRECISION));
  }

  @Override
  public VmambaConfig withClasses(VmambaConfig config, int classes) {
    return config.withClasses(classes);
  }

  @Override
  public VmambaConfig withImage(VmambaConfig config, ImageSize image) {
    return config.withImage(image);
  }

  @Override
  public Blueprint<VmambaConfig> blueprint(VmambaConfig config) {
    return new VmambaNetwork(VmambaWeights.of(config));
  }

  /** Nothing in it depends on the size of images. */
  @Override
  public VmambaConfig atBirth(VmambaConfig config) {
    return config;
  }

  @Override
  public Set<String> heads() {
    return Set.of(VmambaKeys.HEAD, "classifier.head.bias");
  }
}
