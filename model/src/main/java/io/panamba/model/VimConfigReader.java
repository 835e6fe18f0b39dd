package io.panamba.model;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.Shape;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Tells a network from the shapes of its checkpoint. */
final class VimConfigReader {
  private static final String PROJECTION = VimKeys.PROJECTION;
  private static final int PUBLISHED_IMAGE_SIZE = 224;

  /**
   * Pixels of the images that a file may decide on: 4096 x 4096. A few bytes of metadata say how
   * large they are, and a plan takes 12 bytes and more for each pixel. Trainings see 224 to 1280
   * pixels a side; what is larger is asked for by {@link VimOptions}.
   */
  private static final long MAX_PIXELS = 1 << 24;

  /** Patches of these images: a stride of 8 pixels. A plan takes a few rows of numbers for each. */
  private static final long MAX_PATCHES = 1 << 18;

  private static final String IMAGE_HEIGHT = "vim.image_height";
  private static final String IMAGE_WIDTH = "vim.image_width";
  private static final String STRIDE = "vim.stride";
  private static final String CLASS_TOKEN = "vim.class_token";
  private static final String POOLING = "vim.pooling";
  private static final String DIVIDE_OUT = "vim.divide_out";
  private static final Map<String, Boolean> TRUTH = Map.of("true", true, "false", false);
  private static final Pattern LAYER = Pattern.compile("layers\\.(\\d{1,9})\\..*");

  private final Checkpoint checkpoint;
  private final VimOptions options;

  private VimConfigReader(Checkpoint checkpoint, VimOptions options) {
    this.checkpoint = checkpoint;
    this.options = options;
  }

  /** What {@link #read} finds in a file's metadata. */
  static Map<String, String> metadata(VimConfig config) {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put(IMAGE_HEIGHT, Integer.toString(config.imageHeight()));
    metadata.put(IMAGE_WIDTH, Integer.toString(config.imageWidth()));
    metadata.put(STRIDE, Integer.toString(config.stride()));
    metadata.put(CLASS_TOKEN, config.classToken().name());
    metadata.put(POOLING, config.pooling().name());
    metadata.put(DIVIDE_OUT, Boolean.toString(config.divideOut()));
    return metadata;
  }

  static VimConfig read(Checkpoint checkpoint, VimOptions options) {
    return new VimConfigReader(checkpoint, options).read();
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
    boolean positions = has("pos_embed");
    int trainedSide = positions ? trainedSide(classToken) : 0;
    int stride = stride(patch, trainedSide);
    if (stride < 1) {
      throw new IllegalArgumentException("the stride is at least 1, not " + stride);
    }
    int height = imageSize(options.imageHeight(), IMAGE_HEIGHT, patch, stride, trainedSide);
    int width = imageSize(options.imageWidth(), IMAGE_WIDTH, patch, stride, trainedSide);
    if (options.imageHeight() == null || options.imageWidth() == null) {
      requireModest(height, width, patch, stride);
    }
    return new VimConfig(
        height,
        width,
        (int) projection.size(1),
        patch,
        stride,
        depth,
        (int) projection.size(0),
        size("layers.0.mixer.in_proj.weight", "2 * inner, dim", 0) / 2,
        size("layers.0.mixer.A_log", "inner, states", 1),
        size("layers.0.mixer.dt_proj.weight", "inner, rank", 1),
        size("layers.0.mixer.conv1d.weight", "inner, 1, kernel", 2),
        has("head.weight") || has("head.bias") ? size("head.weight", "classes, dim", 0) : 0,
        classToken,
        Objects.requireNonNullElseGet(options.pooling(), () -> stored(POOLING, Pooling.MEAN)),
        bimamba(),
        Objects.requireNonNullElseGet(
            options.divideOut(), () -> stored(DIVIDE_OUT, "true or false", TRUTH::get, true)),
        Objects.requireNonNullElse(options.layerBidirectional(), false),
        rope(),
        Objects.requireNonNullElse(options.ropeResidual(), true),
        hasAny(".mixer.gamma"),
        has("norm_f.bias") || hasAny(".norm.bias"),
        positions,
        Objects.requireNonNullElse(options.positionInterpolation(), PositionInterpolation.ALIGNED),
        Objects.requireNonNullElse(options.precision(), Precision.FP32));
  }

  /** A value of the file's metadata; the parser answers null if it is none. */
  private <T> T stored(String name, String expected, Function<String, T> parser, T absent) {
    String text = checkpoint.metadata().get(name);
    if (text == null) {
      return absent;
    }
    T value = parser.apply(text);
    if (value == null) {
      throw new WeightsException(
          "the file's metadata has %s '%s'; expected %s".formatted(name, text, expected));
    }
    return value;
  }

  private <E extends Enum<E>> E stored(String name, E absent) {
    E[] constants = absent.getDeclaringClass().getEnumConstants();
    return stored(
        name,
        "one of " + Arrays.toString(constants),
        text -> Stream.of(constants).filter(e -> e.name().equals(text)).findAny().orElse(null),
        absent);
  }

  private int stored(String name, int absent) {
    return stored(
        name,
        "a whole number from 1",
        text -> text.matches("[1-9][0-9]{0,8}") ? Integer.valueOf(text) : null,
        absent);
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
    ClassToken place = stored(CLASS_TOKEN, ClassToken.MIDDLE);
    ClassToken one = place == ClassToken.HEAD ? place : ClassToken.MIDDLE;
    ClassToken found = twofold ? ClassToken.DOUBLE : single ? one : ClassToken.NONE;
    ClassToken wanted = Objects.requireNonNullElse(options.classToken(), found);
    if (wanted.count() != found.count()) {
      throw new WeightsException(
          "the checkpoint has %d class tokens; %s needs %d"
              .formatted(found.count(), wanted, wanted.count()));
    }
    return wanted;
  }

  /** Both tables or none. */
  private boolean rope() {
    if (!has("rope.freqs_cos") && !has("rope.freqs_sin")) {
      return false;
    }
    shape("rope.freqs_cos", "patches, dim");
    shape("rope.freqs_sin", "patches, dim");
    return true;
  }

  private Bimamba bimamba() {
    if (hasAny("_b.weight") || hasAny("_b.bias") || hasAny(".mixer.D_b")) {
      return Bimamba.V2;
    }
    return hasAny(".mixer.A_b_log") ? Bimamba.V1 : Bimamba.NONE;
  }

  /** The side of the square grid that the position embedding was trained for. */
  private int trainedSide(ClassToken classToken) {
    Shape shape = shape("pos_embed", "1, tokens, dim");
    long patches = shape.size(1) - classToken.count();
    int side = (int) Math.sqrt((double) patches);
    if (side < 1 || (long) side * side != patches) {
      throw new WeightsException(
          "pos_embed is %s: %d rows beside %d class tokens are no square grid"
              .formatted(shape, patches, classToken.count()));
    }
    return side;
  }

  /**
   * The published models see 224 pixels: 14 x 14 patches of 16 with stride 16, 27 x 27 with stride
   * 8.
   */
  private int stride(int patch, int trainedSide) {
    if (options.stride() != null) {
      return options.stride();
    }
    if (checkpoint.metadata().containsKey(STRIDE)) {
      return stored(STRIDE, patch);
    }
    for (int stride = patch; stride >= 1 && patch <= PUBLISHED_IMAGE_SIZE; stride /= 2) {
      if ((PUBLISHED_IMAGE_SIZE - patch) / stride + 1 == trainedSide) {
        return stride;
      }
    }
    return patch;
  }

  /** Several sizes have the trained grid; the file may say which of them it was trained for. */
  private int imageSize(Integer wanted, String name, int patch, int stride, int trainedSide) {
    if (wanted != null) {
      return wanted;
    }
    int said = stored(name, 0);
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
  private static void requireModest(int height, int width, int patch, int stride) {
    long rows = (height - (long) patch) / stride + 1;
    long columns = (width - (long) patch) / stride + 1;
    if ((long) height * width > MAX_PIXELS || rows * columns > MAX_PATCHES) {
      throw new WeightsException(
          "the file decides on images of %d x %d pixels in %d x %d patches; a file may have %d pixels"
                  .formatted(height, width, rows, columns, MAX_PIXELS)
              + " in %d patches. Choose the image size yourself".formatted(MAX_PATCHES));
    }
  }
}
