package io.panamba.model.cascade;

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
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.dense.Backbones;
import io.panamba.model.mambaout.MambaOut;
import io.panamba.model.mambaout.MambaOutBackbone;
import io.panamba.model.vim.Vim;
import io.panamba.model.vim.VimBackbone;
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
 * Detection with masks: Cascade Mask R-CNN over a Vim, as the Vim paper has it for COCO, and Mask
 * R-CNN with one stage, also over the stages of a VMamba or a MambaOut. Checkpoints have
 * detectron2's names; below {@code backbone.} a network of stages has its own, and the pyramid
 * those of detectron2's FPN.
 */
public final class Cascade implements Architecture<CascadeConfig> {
  /** The one instance. */
  public static final Cascade FAMILY = new Cascade();

  private static final int IMAGE = 1024;
  private static final int CHANNELS = 256;
  private static final int HIDDEN = 1024;
  private static final int CLASSES = 80;

  /** What a usual size consists of. */
  private record Preset(
      String backbone, int image, int channels, int hidden, int classes, int stages) {}

  private static final SequencedMap<String, Preset> PRESETS = new LinkedHashMap<>();

  static {
    PRESETS.put("vim-tiny", new Preset("tiny", IMAGE, CHANNELS, HIDDEN, CLASSES, 3));
    PRESETS.put("vim-small", new Preset("small", IMAGE, CHANNELS, HIDDEN, CLASSES, 3));
    PRESETS.put("vmamba-tiny", new Preset("tiny", IMAGE, CHANNELS, HIDDEN, CLASSES, 1));
    PRESETS.put("mambaout-tiny", new Preset("tiny", IMAGE, CHANNELS, HIDDEN, CLASSES, 1));
  }

  private Cascade() {}

  @Override
  public String name() {
    return "cascade";
  }

  @Override
  public String title() {
    return "Cascade R-CNN";
  }

  @Override
  public Task task() {
    return Task.DETECTION;
  }

  @Override
  public Optional<String> obstacle(Set<String> keys) {
    return CascadeKeys.obstacle(keys);
  }

  @Override
  public Checkpoint named(Checkpoint checkpoint) {
    return CascadeKeys.named(checkpoint);
  }

  @Override
  public Set<String> kinds() {
    return CascadeKeys.KINDS;
  }

  @Override
  public boolean isKnown(String key) {
    return CascadeKeys.isKnown(key);
  }

  @Override
  public CascadeConfig read(Checkpoint checkpoint, Settings settings) {
    ShapeReader shapes = new ShapeReader(checkpoint, settings);
    boolean numbered = shapes.has(CascadeKeys.FIRST_STAGE);
    int stages = numbered ? shapes.stages(CascadeKeys.BOX_HEAD) : 1;
    String number = numbered ? "0." : "";
    String scores = CascadeKeys.BOX_PREDICTOR + number + "cls_score.weight";
    int classes = shapes.size(scores, "classes + 1, hidden", 0) - 1;
    String moves = CascadeKeys.BOX_PREDICTOR + number + "bbox_pred.weight";
    int sides = shapes.size(moves, "4 or 4 * classes, hidden", 0);
    if (classes < 1 || (sides != 4 && (sides != 4 * classes || stages > 1))) {
      throw new WeightsException(
          "%s has %d rows and %s %d; expected one more than classes, and 4, or of one stage 4 for"
                  .formatted(scores, classes + 1, moves, sides)
              + " each class");
    }
    boolean two = shapes.has(CascadeKeys.PROPOSALS + "conv.conv0.weight");
    return new CascadeConfig(
        backbone(checkpoint, settings),
        shapes.size(CascadeKeys.FIRST, "anchors, channels, 1, 1", 1),
        shapes.size(scores, "classes + 1, hidden", 1),
        classes,
        stages,
        numbered,
        sides != 4,
        two ? 2 : 1,
        shapes.has(CascadeKeys.MASK_HEAD + "predictor.weight"));
  }

  private static Backbone backbone(Checkpoint checkpoint, Settings settings) {
    if (!Backbones.isVim(checkpoint, CascadeKeys.VIM)) {
      return Backbones.stages(
          checkpoint, CascadeKeys.BACKBONE, settings.withImageSize(settings.imageSizeOr(IMAGE)));
    }
    VimConfig config = Backbones.vim(checkpoint, CascadeKeys.VIM, settings, false);
    return ofVim(config);
  }

  private static Backbone ofVim(VimConfig config) {
    return VimBackbone.of(config, CascadeKeys.VIM, List.of(config.depth() - 1), true);
  }

  @Override
  public SequencedSet<String> presets() {
    return PRESETS.sequencedKeySet();
  }

  @Override
  public CascadeConfig preset(String name, Settings settings) {
    Preset preset = presetOf(PRESETS, name);
    return new CascadeConfig(
        backbone(name, preset, settings),
        preset.channels,
        preset.hidden,
        preset.classes,
        preset.stages,
        preset.stages > 1,
        preset.stages == 1,
        preset.stages > 1 ? 2 : 1,
        true);
  }

  private static Backbone backbone(String name, Preset preset, Settings settings) {
    Settings own = Backbones.withoutHead(settings, settings.imageSizeOr(preset.image));
    if (name.startsWith(Vmamba.FAMILY.name())) {
      return VmambaBackbone.of(
          Vmamba.FAMILY.withClasses(Vmamba.FAMILY.preset(preset.backbone, own), 0),
          CascadeKeys.BACKBONE);
    }
    if (name.startsWith(MambaOut.FAMILY.name())) {
      return MambaOutBackbone.of(
          MambaOut.FAMILY.withClasses(MambaOut.FAMILY.preset(preset.backbone, own), 0),
          CascadeKeys.BACKBONE);
    }
    Settings ofVim = own.with(Vim.CLASS_TOKEN, ClassToken.NONE).with(Vim.DIVIDE_OUT, false);
    return ofVim(Vim.FAMILY.withClasses(Vim.FAMILY.preset(preset.backbone, ofVim), 0));
  }

  @Override
  public List<Setting<?>> settings() {
    return Backbones.settings(List.of());
  }

  @Override
  public CascadeConfig withClasses(CascadeConfig config, int classes) {
    return config.withClasses(classes);
  }

  @Override
  public CascadeConfig withImage(CascadeConfig config, ImageSize image) {
    return config.withImage(image);
  }

  @Override
  public Blueprint<CascadeConfig> blueprint(CascadeConfig config) {
    return new CascadeNetwork(CascadeWeights.of(config), config.backbone().positions());
  }

  @Override
  public CascadeConfig atBirth(CascadeConfig config) {
    return config;
  }

  /** Detectors are not trained. */
  @Override
  public Set<String> heads() {
    return Set.of();
  }
}
