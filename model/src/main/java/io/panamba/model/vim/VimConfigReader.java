package io.panamba.model.vim;

import io.panamba.model.architecture.PreprocessingSettings;
import io.panamba.model.architecture.Settings;
import io.panamba.model.architecture.ShapeReader;
import io.panamba.model.block.ClassToken;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.image.Preprocessing;
import io.panamba.runtime.Shape;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/** Tells a network from the shapes of its checkpoint. */
final class VimConfigReader {
  private static final String PROJECTION = VimKeys.PROJECTION;
  private static final int PUBLISHED_IMAGE_SIZE = 224;

  private final Checkpoint checkpoint;
  private final Settings settings;
  private final ShapeReader shapes;

  private VimConfigReader(Checkpoint checkpoint, Settings settings) {
    this.checkpoint = checkpoint;
    this.settings = settings;
    this.shapes = new ShapeReader(checkpoint, settings);
  }

  static VimConfig read(Checkpoint checkpoint, Settings settings) {
    return new VimConfigReader(checkpoint, settings).read();
  }

  private VimConfig read() {
    Shape projection = shapes.shape(PROJECTION, "dim, colours, patch, patch");
    if (projection.size(2) != projection.size(3)) {
      throw new WeightsException(
          "%s is %s; expected square patches".formatted(PROJECTION, projection));
    }
    int patch = (int) projection.size(2);
    int depth = shapes.depth("layers.");
    ClassToken classToken = classToken();
    int positions = shapes.has(VimKeys.POSITIONS) ? positions() : 0;
    int trainedSide = positions > 0 ? shapes.trainedSide(VimKeys.POSITIONS, classToken.count()) : 0;
    int stride = stride(patch, trainedSide);
    if (stride < 1) {
      throw new IllegalArgumentException("the stride is at least 1, not " + stride);
    }
    return new VimConfig(
        shapes.image(patch, stride, trainedSide),
        new VimSizes(
            (int) projection.size(1),
            patch,
            stride,
            depth,
            (int) projection.size(0),
            shapes.size("layers.0.mixer.in_proj.weight", "2 * inner, dim", 0) / 2,
            shapes.size("layers.0.mixer.A_log", "inner, states", 1),
            shapes.size("layers.0.mixer.dt_proj.weight", "inner, rank", 1),
            shapes.size("layers.0.mixer.conv1d.weight", "inner, 1, kernel", 2),
            positions,
            rotary()),
        shapes.has("head.weight") || shapes.has("head.bias")
            ? shapes.size("head.weight", "classes, dim", 0)
            : 0,
        classToken,
        shapes.value(Vim.POOLING),
        bimamba(),
        Vim.traits(settings.with(Vim.DIVIDE_OUT, shapes.value(Vim.DIVIDE_OUT)), traits()),
        settings.orStandard(Vim.POSITION_INTERPOLATION),
        PreprocessingSettings.read(settings, checkpoint.metadata(), Preprocessing.IMAGENET),
        settings.orStandard(Settings.PRECISION));
  }

  private Set<VimTrait> traits() {
    EnumSet<VimTrait> traits = EnumSet.noneOf(VimTrait.class);
    if (shapes.hasAny(".mixer.gamma")) {
      traits.add(VimTrait.LAYER_SCALE);
    }
    if (shapes.has("norm_f.bias") || shapes.hasAny(".norm.bias")) {
      traits.add(VimTrait.LAYER_NORM);
    }
    if (shapes.hasAny("mixer.in_proj.bias")) {
      traits.add(VimTrait.IN_BIAS);
    }
    if (shapes.hasAny("mixer.out_proj.bias")) {
      traits.add(VimTrait.OUT_BIAS);
    }
    if (shapes.hasAny("mixer.conv1d.bias")) {
      traits.add(VimTrait.CONV_BIAS);
    }
    if (shapes.hasAny("mixer.conv1d_b.bias")) {
      traits.add(VimTrait.BACKWARD_CONV_BIAS);
    }
    return traits;
  }

  private ClassToken classToken() {
    boolean single = shapes.has("cls_token");
    boolean twofold = shapes.has("cls_token_head") || shapes.has("cls_token_tail");
    ClassToken place = shapes.stored(Vim.CLASS_TOKEN).orElse(ClassToken.MIDDLE);
    ClassToken one = place == ClassToken.HEAD ? place : ClassToken.MIDDLE;
    ClassToken found = twofold ? ClassToken.DOUBLE : single ? one : ClassToken.NONE;
    ClassToken wanted = settings.get(Vim.CLASS_TOKEN).orElse(found);
    if (wanted.count() != found.count()) {
      throw new WeightsException(
          "the checkpoint has %d class tokens; %s needs %d"
              .formatted(found.count(), wanted, wanted.count()));
    }
    return wanted;
  }

  /** Rows of the rotary embedding's tables: both or none. */
  private int rotary() {
    if (!shapes.has("rope.freqs_cos") && !shapes.has("rope.freqs_sin")) {
      return 0;
    }
    int rows = shapes.size("rope.freqs_cos", "patches, dim", 0);
    shapes.shape("rope.freqs_sin", "patches, dim");
    return rows;
  }

  private Bimamba bimamba() {
    if (shapes.hasAny("_b.weight") || shapes.hasAny("_b.bias") || shapes.hasAny(".mixer.D_b")) {
      return Bimamba.V2;
    }
    return shapes.hasAny(".mixer.A_b_log") ? Bimamba.V1 : Bimamba.NONE;
  }

  private int positions() {
    return shapes.size(VimKeys.POSITIONS, "1, tokens, dim", 1);
  }

  /**
   * The published models see 224 pixels: 14 x 14 patches of 16 with stride 16, 27 x 27 with stride
   * 8.
   */
  private int stride(int patch, int trainedSide) {
    Optional<Integer> said = settings.get(Vim.STRIDE).or(() -> shapes.stored(Vim.STRIDE));
    if (said.isPresent()) {
      return said.get();
    }
    for (int stride = patch; stride >= 1 && patch <= PUBLISHED_IMAGE_SIZE; stride /= 2) {
      if ((PUBLISHED_IMAGE_SIZE - patch) / stride + 1 == trainedSide) {
        return stride;
      }
    }
    return patch;
  }
}
