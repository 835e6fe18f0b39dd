package io.panamba.model;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.Shape;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Tells a network from the shapes of its checkpoint. */
final class VimConfigReader {
  private static final int PUBLISHED_IMAGE_SIZE = 224;
  private static final Pattern LAYER = Pattern.compile("layers\\.(\\d{1,9})\\..*");

  private final Checkpoint checkpoint;
  private final VimOptions options;

  private VimConfigReader(Checkpoint checkpoint, VimOptions options) {
    this.checkpoint = checkpoint;
    this.options = options;
  }

  static VimConfig read(Checkpoint checkpoint, VimOptions options) {
    return new VimConfigReader(checkpoint, options).read();
  }

  private VimConfig read() {
    Shape projection = shape("patch_embed.proj.weight", 4);
    if (projection.size(2) != projection.size(3)) {
      throw new WeightsException(
          "patch_embed.proj.weight is %s; expected square patches".formatted(projection));
    }
    int patch = size(projection, 2);
    int depth = depth();
    Shape inProjection = shape("layers.0.mixer.in_proj.weight", 2);
    Shape a = shape("layers.0.mixer.A_log", 2);
    ClassToken classToken = classToken();
    boolean positions = has("pos_embed");
    int trainedSide = positions ? trainedSide(classToken) : 0;
    int stride = stride(patch, trainedSide);
    int height = imageSize(options.imageHeight(), patch, stride, trainedSide);
    int width = imageSize(options.imageWidth(), patch, stride, trainedSide);
    return new VimConfig(
        height,
        width,
        size(projection, 1),
        patch,
        stride,
        depth,
        size(projection, 0),
        size(inProjection, 0) / 2,
        size(a, 1),
        size(shape("layers.0.mixer.dt_proj.weight", 2), 1),
        size(shape("layers.0.mixer.conv1d.weight", 3), 2),
        has("head.weight") || has("head.bias") ? size(shape("head.weight", 2), 0) : 0,
        classToken,
        Objects.requireNonNullElse(options.pooling(), Pooling.MEAN),
        bimamba(),
        Objects.requireNonNullElse(options.divideOut(), true),
        Objects.requireNonNullElse(options.layerBidirectional(), false),
        has("rope.freqs_cos") || has("rope.freqs_sin"),
        Objects.requireNonNullElse(options.ropeResidual(), true),
        hasAny(".mixer.gamma"),
        has("norm_f.bias") || hasAny(".norm.bias"),
        positions,
        Objects.requireNonNullElse(options.positionInterpolation(), PositionInterpolation.ALIGNED),
        Objects.requireNonNullElse(options.precision(), Precision.FP32));
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

  private Shape shape(String key, int rank) {
    Shape shape =
        checkpoint
            .find(key)
            .orElseThrow(
                () ->
                    new WeightsException("%s is missing: this is no Vim checkpoint".formatted(key)))
            .shape();
    if (shape.rank() != rank || shape.elements() == 0) {
      throw new WeightsException("%s is %s; expected %d axes".formatted(key, shape, rank));
    }
    return shape;
  }

  private static int size(Shape shape, int axis) {
    if (shape.size(axis) > Integer.MAX_VALUE) {
      throw new WeightsException("a tensor of shape %s is too large".formatted(shape));
    }
    return (int) shape.size(axis);
  }

  /** Counts by the last layer that has a key, so that a layer with a gap is found to have one. */
  private int depth() {
    int last = 0;
    for (String key : checkpoint.keys()) {
      Matcher matcher = LAYER.matcher(key);
      if (matcher.matches()) {
        last = Math.max(last, Integer.parseInt(matcher.group(1)));
      }
    }
    return last + 1;
  }

  private ClassToken classToken() {
    boolean single = has("cls_token");
    boolean twofold = has("cls_token_head") || has("cls_token_tail");
    ClassToken found = twofold ? ClassToken.DOUBLE : single ? ClassToken.MIDDLE : ClassToken.NONE;
    ClassToken wanted = Objects.requireNonNullElse(options.classToken(), found);
    if (wanted.count() != found.count()) {
      throw new WeightsException(
          "the checkpoint has %d class tokens; %s needs %d"
              .formatted(found.count(), wanted, wanted.count()));
    }
    return wanted;
  }

  private Bimamba bimamba() {
    if (hasAny("_b.weight") || hasAny("_b.bias") || hasAny(".mixer.D_b")) {
      return Bimamba.V2;
    }
    return hasAny(".mixer.A_b_log") ? Bimamba.V1 : Bimamba.NONE;
  }

  /** The side of the square grid that the position embedding was trained for. */
  private int trainedSide(ClassToken classToken) {
    Shape shape = shape("pos_embed", 3);
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
      if (options.stride() < 1) {
        throw new IllegalArgumentException("the stride is at least 1, not " + options.stride());
      }
      return options.stride();
    }
    for (int stride = patch; stride >= 1 && patch <= PUBLISHED_IMAGE_SIZE; stride /= 2) {
      if ((PUBLISHED_IMAGE_SIZE - patch) / stride + 1 == trainedSide) {
        return stride;
      }
    }
    return patch;
  }

  private static int imageSize(Integer wanted, int patch, int stride, int trainedSide) {
    if (wanted == null) {
      return trainedSide > 0
          ? Math.addExact(Math.multiplyExact(trainedSide - 1, stride), patch)
          : PUBLISHED_IMAGE_SIZE;
    }
    return wanted;
  }
}
