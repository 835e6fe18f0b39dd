package io.panamba.model;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.Shape;
import java.util.Objects;

/** Tells a network from the shapes of its checkpoint. */
final class VimConfigReader {
  private static final int PUBLISHED_IMAGE_SIZE = 224;
  private static final int MAX_LAYERS = 10_000;

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
    boolean positions = checkpoint.find("pos_embed").isPresent();
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
        Math.toIntExact(inProjection.size(0) / 2),
        size(a, 1),
        size(shape("layers.0.mixer.dt_proj.weight", 2), 1),
        size(shape("layers.0.mixer.conv1d.weight", 3), 2),
        checkpoint.find("head.weight").isPresent() ? size(shape("head.weight", 2), 0) : 0,
        classToken,
        Objects.requireNonNullElse(options.pooling(), Pooling.MEAN),
        bimamba(),
        Objects.requireNonNullElse(options.divideOut(), true),
        Objects.requireNonNullElse(options.layerBidirectional(), false),
        checkpoint.find("rope.freqs_cos").isPresent(),
        Objects.requireNonNullElse(options.ropeResidual(), true),
        checkpoint.find("layers.0.mixer.gamma").isPresent(),
        checkpoint.find("norm_f.bias").isPresent(),
        positions,
        Objects.requireNonNullElse(options.positionInterpolation(), PositionInterpolation.ALIGNED));
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
    return Math.toIntExact(shape.size(axis));
  }

  private int depth() {
    int depth = 0;
    while (depth < MAX_LAYERS && checkpoint.find("layers." + depth + ".norm.weight").isPresent()) {
      depth++;
    }
    if (depth == 0) {
      throw new WeightsException("layers.0.norm.weight is missing: this is no Vim checkpoint");
    }
    return depth;
  }

  private ClassToken classToken() {
    boolean single = checkpoint.find("cls_token").isPresent();
    boolean twofold = checkpoint.find("cls_token_head").isPresent();
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
    if (checkpoint.find("layers.0.mixer.conv1d_b.weight").isPresent()) {
      return Bimamba.V2;
    }
    return checkpoint.find("layers.0.mixer.A_b_log").isPresent() ? Bimamba.V1 : Bimamba.NONE;
  }

  /** The side of the square grid that the position embedding was trained for. */
  private int trainedSide(ClassToken classToken) {
    Shape shape = shape("pos_embed", 3);
    long patches = shape.size(1) - classToken.count();
    int side = (int) Math.sqrt((double) patches);
    if ((long) side * side != patches) {
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
