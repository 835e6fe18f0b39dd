package io.panamba.model.vim;

import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.PreprocessingSettings;
import io.panamba.model.architecture.Setting;
import io.panamba.model.architecture.Settings;
import io.panamba.model.block.ClassToken;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.image.Preprocessing;
import io.panamba.runtime.Shape;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Tells a network from the shapes of its checkpoint. */
final class VimConfigReader {
  private static final String PROJECTION = VimKeys.PROJECTION;
  private static final int PUBLISHED_IMAGE_SIZE = 224;

  /**
   * Pixels of the images that a file may decide on: 4096 x 4096. A few bytes of metadata say how
   * large they are, and a plan takes 12 bytes and more for each pixel. Trainings see 224 to 1280
   * pixels a side; what is larger is asked for by {@link Settings}.
   */
  private static final long MAX_PIXELS = 1 << 24;

  /** Patches of these images: a stride of 8 pixels. A plan takes a few rows of numbers for each. */
  private static final long MAX_PATCHES = 1 << 18;

  private static final Pattern LAYER = Pattern.compile("layers\\.(\\d{1,9})\\..*");

  private final Checkpoint checkpoint;
  private final Settings settings;

  private VimConfigReader(Checkpoint checkpoint, Settings settings) {
    this.checkpoint = checkpoint;
    this.settings = settings;
  }

  static VimConfig read(Checkpoint checkpoint, Settings settings) {
    return new VimConfigReader(checkpoint, settings).read();
  }

  private VimConfig read() {
    Shape projection = shape(PROJECTION, "dim, colours, patch, patch");
    if (projection.size(2) != projection.size(3)) {
      throw new WeightsException(
          "%s is %s; expected square patches".formatted(PROJECTION, projection));
    }
    int patch = (int) projection.size(2);
    int depth = depth();
    ClassToken classToken = classToken();
    int positions = has(VimKeys.POSITIONS) ? positions() : 0;
    int trainedSide = positions > 0 ? trainedSide(positions, classToken) : 0;
    int stride = stride(patch, trainedSide);
    if (stride < 1) {
      throw new IllegalArgumentException("the stride is at least 1, not " + stride);
    }
    return new VimConfig(
        image(patch, stride, trainedSide),
        new VimSizes(
            (int) projection.size(1),
            patch,
            stride,
            depth,
            (int) projection.size(0),
            size("layers.0.mixer.in_proj.weight", "2 * inner, dim", 0) / 2,
            size("layers.0.mixer.A_log", "inner, states", 1),
            size("layers.0.mixer.dt_proj.weight", "inner, rank", 1),
            size("layers.0.mixer.conv1d.weight", "inner, 1, kernel", 2),
            positions,
            rotary()),
        has("head.weight") || has("head.bias") ? size("head.weight", "classes, dim", 0) : 0,
        classToken,
        value(Vim.POOLING),
        bimamba(),
        Vim.traits(settings.with(Vim.DIVIDE_OUT, value(Vim.DIVIDE_OUT)), traits()),
        settings.orStandard(Vim.POSITION_INTERPOLATION),
        PreprocessingSettings.read(settings, checkpoint.metadata(), Preprocessing.IMAGENET),
        settings.orStandard(Settings.PRECISION));
  }

  private Set<VimTrait> traits() {
    EnumSet<VimTrait> traits = EnumSet.noneOf(VimTrait.class);
    if (hasAny(".mixer.gamma")) {
      traits.add(VimTrait.LAYER_SCALE);
    }
    if (has("norm_f.bias") || hasAny(".norm.bias")) {
      traits.add(VimTrait.LAYER_NORM);
    }
    if (hasAny("mixer.in_proj.bias")) {
      traits.add(VimTrait.IN_BIAS);
    }
    if (hasAny("mixer.out_proj.bias")) {
      traits.add(VimTrait.OUT_BIAS);
    }
    if (hasAny("mixer.conv1d.bias")) {
      traits.add(VimTrait.CONV_BIAS);
    }
    if (hasAny("mixer.conv1d_b.bias")) {
      traits.add(VimTrait.BACKWARD_CONV_BIAS);
    }
    return traits;
  }

  /** What settings say, or else the file's metadata, or else the standard. */
  private <T> T value(Setting<T> setting) {
    return settings.get(setting).or(() -> stored(setting)).or(setting::standard).orElseThrow();
  }

  private <T> Optional<T> stored(Setting<T> setting) {
    return setting.stored(checkpoint.metadata());
  }

  private boolean has(String key) {
    return checkpoint.find(key).isPresent();
  }

  /**
   * Whether a key ends so. Where one layer has what only some networks have, the others need it
   * too, and a layer that lacks it is found then.
   */
  private boolean hasAny(String suffix) {
    return checkpoint.keys().stream().anyMatch(key -> key.endsWith(suffix));
  }

  /** The shape of a tensor whose axes are so named, each of 1 to 2^31 - 1. */
  private Shape shape(String key, String axes) {
    Shape shape =
        checkpoint
            .find(key)
            .orElseThrow(
                () -> new WeightsException("%s is missing; expected (%s)".formatted(key, axes)))
            .shape();
    if (shape.rank() != axes.split(",", -1).length || shape.elements() == 0) {
      throw new WeightsException("%s is %s; expected (%s)".formatted(key, shape, axes));
    }
    for (long size : shape.toArray()) {
      if (size > Integer.MAX_VALUE) {
        throw new WeightsException(
            "%s is %s; expected (%s) of at most %d each"
                .formatted(key, shape, axes, Integer.MAX_VALUE));
      }
    }
    return shape;
  }

  private int size(String key, String axes, int axis) {
    return (int) shape(key, axes).size(axis);
  }

  /** Counts the layers that have a key, and refuses gaps. */
  private int depth() {
    TreeSet<Integer> layers = new TreeSet<>();
    for (String key : checkpoint.keys()) {
      Matcher matcher = LAYER.matcher(key);
      if (matcher.matches()) {
        layers.add(Integer.parseInt(matcher.group(1)));
      }
    }
    int depth = 0;
    for (int layer : layers) {
      if (layer != depth) {
        throw new WeightsException(
            "layers.%d is missing, though there is layers.%d".formatted(depth, layer));
      }
      depth++;
    }
    return depth;
  }

  private ClassToken classToken() {
    boolean single = has("cls_token");
    boolean twofold = has("cls_token_head") || has("cls_token_tail");
    ClassToken place = stored(Vim.CLASS_TOKEN).orElse(ClassToken.MIDDLE);
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
    if (!has("rope.freqs_cos") && !has("rope.freqs_sin")) {
      return 0;
    }
    int rows = size("rope.freqs_cos", "patches, dim", 0);
    shape("rope.freqs_sin", "patches, dim");
    return rows;
  }

  private Bimamba bimamba() {
    if (hasAny("_b.weight") || hasAny("_b.bias") || hasAny(".mixer.D_b")) {
      return Bimamba.V2;
    }
    return hasAny(".mixer.A_b_log") ? Bimamba.V1 : Bimamba.NONE;
  }

  private int positions() {
    return size(VimKeys.POSITIONS, "1, tokens, dim", 1);
  }

  /** The side of the square grid that the position embedding was trained for. */
  private int trainedSide(int positions, ClassToken classToken) {
    int patches = positions - classToken.count();
    int side = (int) Math.sqrt(patches);
    if (side < 1 || side * side != patches) {
      throw new WeightsException(
          "pos_embed is %s: %d rows beside %d class tokens are no square grid"
              .formatted(shape(VimKeys.POSITIONS, "1, tokens, dim"), patches, classToken.count()));
    }
    return side;
  }

  /**
   * The published models see 224 pixels: 14 x 14 patches of 16 with stride 16, 27 x 27 with stride
   * 8.
   */
  private int stride(int patch, int trainedSide) {
    Optional<Integer> said = settings.get(Vim.STRIDE).or(() -> stored(Vim.STRIDE));
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

  private ImageSize image(int patch, int stride, int trainedSide) {
    Optional<Integer> height = settings.get(Settings.IMAGE_HEIGHT);
    Optional<Integer> width = settings.get(Settings.IMAGE_WIDTH);
    ImageSize image =
        new ImageSize(
            height.orElseGet(() -> side(Settings.IMAGE_HEIGHT, patch, stride, trainedSide)),
            width.orElseGet(() -> side(Settings.IMAGE_WIDTH, patch, stride, trainedSide)));
    if (height.isEmpty() || width.isEmpty()) {
      requireModest(image, patch, stride);
    }
    return image;
  }

  /** Several sizes have the trained grid; the file may say which of them it was trained for. */
  private int side(Setting<Integer> setting, int patch, int stride, int trainedSide) {
    int said = stored(setting).orElse(0);
    if (said >= patch && (trainedSide == 0 || (said - patch) / stride + 1 == trainedSide)) {
      return said;
    }
    long size =
        trainedSide > 0
            ? (trainedSide - 1L) * stride + patch
            : Math.max(PUBLISHED_IMAGE_SIZE, patch);
    if (size > Integer.MAX_VALUE) {
      throw new WeightsException(
          "pos_embed is for %d x %d patches: with a stride of %d and patches of %d, images would"
                  .formatted(trainedSide, trainedSide, stride, patch)
              + " be %d pixels wide".formatted(size));
    }
    return (int) size;
  }

  /** Refuses images that a file decides on and that take more than a file may ask for. */
  private static void requireModest(ImageSize image, int patch, int stride) {
    long rows = (image.height() - (long) patch) / stride + 1;
    long columns = (image.width() - (long) patch) / stride + 1;
    if ((long) image.height() * image.width() > MAX_PIXELS || rows * columns > MAX_PATCHES) {
      throw new WeightsException(
          "the file decides on images of %d x %d pixels in %d x %d patches; a file may have %d pixels"
                  .formatted(image.height(), image.width(), rows, columns, MAX_PIXELS)
              + " in %d patches. Choose the image size yourself".formatted(MAX_PATCHES));
    }
  }
}
