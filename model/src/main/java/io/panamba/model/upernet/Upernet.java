package io.panamba.model.upernet;

import io.panamba.model.architecture.Architecture;
import io.panamba.model.architecture.Backbone;
import io.panamba.model.architecture.Blueprint;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.Setting;
import io.panamba.model.architecture.Settings;
import io.panamba.model.architecture.ShapeReader;
import io.panamba.model.architecture.Task;
import io.panamba.model.block.ClassToken;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.dense.Backbones;
import io.panamba.model.mambaout.MambaOut;
import io.panamba.model.mambaout.MambaOutBackbone;
import io.panamba.model.vim.Vim;
import io.panamba.model.vim.VimConfig;
import io.panamba.model.vmamba.Vmamba;
import io.panamba.model.vmamba.VmambaBackbone;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.Set;

/**
 * UperNet (arXiv 1807.10221): semantic segmentation over a Vim, as the Vim paper has it for ADE20K,
 * or over the stages of a VMamba or a MambaOut. Checkpoints have mmsegmentation's names.
 */
public final class Upernet implements Architecture<UpernetConfig> {
  /** What the head reads of a Vim. */
  public static final Setting<MapKind> FEATURES =
      Setting.choice(
          "features",
          "upernet.features",
          MapKind.MIXER,
          "KIND",
          "What a segmentation head reads of a Vim: mixer, outputs of mixers, or stream, the"
              + " residual stream (default: stream where there is a rotary embedding).");

  /** Whether the corners of maps meet when they are resized. */
  public static final Setting<Boolean> ALIGN_CORNERS =
      Setting.flag(
          "align-corners",
          "upernet.align_corners",
          false,
          "The corners of maps meet when a segmentation head resizes them (align_corners).");

  /** The one instance. */
  public static final Upernet FAMILY = new Upernet();

  /** What a usual size consists of. */
  private record Preset(String backbone, int image, int channels, int auxiliary, int classes) {}

  private static final SequencedMap<String, Preset> PRESETS = new LinkedHashMap<>();

  static {
    PRESETS.put("vim-tiny", new Preset("tiny", 512, 192, 256, 150));
    PRESETS.put("vim-small", new Preset("small", 512, 384, 256, 150));
    PRESETS.put("vmamba-tiny", new Preset("tiny", 512, 512, 256, 150));
    PRESETS.put("vmamba-small", new Preset("small", 512, 512, 256, 150));
    PRESETS.put("vmamba-base", new Preset("base", 512, 512, 256, 150));
    PRESETS.put("mambaout-tiny", new Preset("tiny", 512, 512, 256, 150));
    // Not published: for small pictures, and for trying things out.
    PRESETS.put("vim-mini", new Preset("mini", 64, 32, 32, 11));
  }

  private Upernet() {}

  @Override
  public String name() {
    return "upernet";
  }

  @Override
  public String title() {
    return "UperNet";
  }

  @Override
  public Task task() {
    return Task.SEGMENTATION;
  }

  @Override
  public Optional<String> obstacle(Set<String> keys) {
    return UpernetKeys.obstacle(keys);
  }

  @Override
  public Checkpoint named(Checkpoint checkpoint) {
    return UpernetKeys.folded(checkpoint);
  }

  @Override
  public Set<String> kinds() {
    return UpernetKeys.KINDS;
  }

  @Override
  public boolean isKnown(String key) {
    return UpernetKeys.isKnown(key);
  }

  @Override
  public UpernetConfig read(Checkpoint checkpoint, Settings settings) {
    ShapeReader shapes = new ShapeReader(checkpoint, settings);
    String auxiliary = UpernetKeys.AUXILIARY + ".weight";
    return new UpernetConfig(
        backbone(checkpoint, settings, shapes),
        shapes.size(UpernetKeys.FIRST, "classes, channels, 1, 1", 1),
        shapes.size(UpernetKeys.FIRST, "classes, channels, 1, 1", 0),
        shapes.has(auxiliary) ? shapes.size(auxiliary, "channels, inputs, 3, 3", 0) : 0,
        shapes.value(ALIGN_CORNERS));
  }

  private static Backbone backbone(Checkpoint checkpoint, Settings settings, ShapeReader shapes) {
    String prefix = VimPyramid.PREFIX;
    if (!Backbones.isVim(checkpoint, prefix)) {
      return Backbones.stages(checkpoint, prefix, settings);
    }
    // The published configuration with a rotary embedding reads the stream, and adds directions.
    boolean rotary = shapes.has(prefix + "rope.freqs_cos");
    VimConfig config = Backbones.vim(checkpoint, prefix, settings, !rotary);
    MapKind maps = shapes.said(FEATURES).orElse(rotary ? MapKind.STREAM : MapKind.MIXER);
    boolean fine = shapes.has(VimPyramid.SECOND + ".weight");
    return VimPyramid.of(config, maps == MapKind.STREAM, fine);
  }

  @Override
  public SequencedSet<String> presets() {
    return PRESETS.sequencedKeySet();
  }

  @Override
  public UpernetConfig preset(String name, Settings settings) {
    Preset preset = presetOf(PRESETS, name);
    return new UpernetConfig(
        backbone(name, preset, settings),
        preset.channels,
        preset.classes,
        preset.auxiliary,
        settings.orStandard(ALIGN_CORNERS));
  }

  private static Backbone backbone(String name, Preset preset, Settings settings) {
    Settings own = Backbones.withoutHead(settings, settings.imageSizeOr(preset.image));
    String prefix = VimPyramid.PREFIX;
    if (name.startsWith(Vmamba.FAMILY.name())) {
      return VmambaBackbone.of(
          Vmamba.FAMILY.withClasses(Vmamba.FAMILY.preset(preset.backbone, own), 0), prefix);
    }
    if (name.startsWith(MambaOut.FAMILY.name())) {
      return MambaOutBackbone.of(
          MambaOut.FAMILY.withClasses(MambaOut.FAMILY.preset(preset.backbone, own), 0), prefix);
    }
    VimConfig config =
        Vim.FAMILY.preset(preset.backbone, own.with(Vim.CLASS_TOKEN, ClassToken.NONE));
    boolean fine = config.sizes().patch() > 8;
    return VimPyramid.of(
        Vim.FAMILY.withClasses(config, 0), settings.orStandard(FEATURES) == MapKind.STREAM, fine);
  }

  @Override
  public List<Setting<?>> settings() {
    return Backbones.settings(List.of(FEATURES, ALIGN_CORNERS));
  }

  @Override
  public UpernetConfig withClasses(UpernetConfig config, int classes) {
    return config.withClasses(classes);
  }

  @Override
  public UpernetConfig withImage(UpernetConfig config, ImageSize image) {
    return config.withImage(image);
  }

  @Override
  public Blueprint<UpernetConfig> blueprint(UpernetConfig config) {
    Backbone backbone = config.backbone();
    return new UpernetNetwork(UpernetWeights.of(config), backbone.positions(), backbone.shared());
  }

  @Override
  public UpernetConfig atBirth(UpernetConfig config) {
    return config;
  }

  @Override
  public Set<String> heads() {
    return Set.of(
        UpernetKeys.FIRST,
        UpernetKeys.CLASSES + ".bias",
        UpernetKeys.AUXILIARY_CLASSES + ".weight",
        UpernetKeys.AUXILIARY_CLASSES + ".bias");
  }
}
