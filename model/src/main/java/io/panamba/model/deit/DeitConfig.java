package io.panamba.model.deit;

import io.panamba.model.architecture.Cost;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.PatchGrid;
import io.panamba.model.architecture.Precision;
import io.panamba.model.architecture.PreprocessingSettings;
import io.panamba.model.architecture.Settings;
import io.panamba.model.block.PositionEmbedding;
import io.panamba.model.image.Preprocessing;
import io.panamba.runtime.operation.Attention;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.LongStream;

/**
 * A DeiT in full: what its weights' shapes say, and the settings that they leave open.
 *
 * @param image of the images to run
 * @param sizes of its weights
 * @param classes of a head; 0 without a head
 * @param traits what else it has
 * @param epsilon of every norm
 * @param interpolation how its position embedding is fitted to other grids
 * @param preprocessing how its input is made of pictures
 * @param precision of weights and activations
 */
public record DeitConfig(
    ImageSize image,
    DeitSizes sizes,
    int classes,
    Set<DeitTrait> traits,
    double epsilon,
    DeitInterpolation interpolation,
    Preprocessing preprocessing,
    Precision precision)
    implements NetworkConfig {
  /**
   * Checks the image size and the heads.
   *
   * @throws IllegalArgumentException if an image is smaller than a patch, or if heads don't divide
   *     the width
   */
  public DeitConfig {
    PatchGrid.of(image, sizes.patch(), sizes.patch());
    if (sizes.heads() < 1
        || sizes.dim() % sizes.heads() != 0
        || sizes.dim() / sizes.heads() > Attention.MAX_HEAD_DIM) {
      throw new IllegalArgumentException(
          "a width of %d is not that of %d heads of at most %d"
              .formatted(sizes.dim(), sizes.heads(), Attention.MAX_HEAD_DIM));
    }
    EnumSet<DeitTrait> copy = EnumSet.noneOf(DeitTrait.class);
    copy.addAll(traits);
    traits = Collections.unmodifiableSet(copy);
  }

  /**
   * Tells whether the network has something.
   *
   * @param trait what it may have
   * @return whether it does
   */
  public boolean has(DeitTrait trait) {
    return traits.contains(trait);
  }

  @Override
  public int colours() {
    return sizes.colours();
  }

  @Override
  public int width() {
    return sizes.dim();
  }

  @Override
  public int depth() {
    return sizes.depth();
  }

  /**
   * Returns the grid of patches.
   *
   * @return rows and columns
   */
  public PatchGrid grid() {
    return PatchGrid.of(image, sizes.patch(), sizes.patch());
  }

  /**
   * Returns the height of the grid of patches.
   *
   * @return rows
   */
  public int gridHeight() {
    return grid().height();
  }

  /**
   * Returns the width of the grid of patches.
   *
   * @return columns
   */
  public int gridWidth() {
    return grid().width();
  }

  /**
   * Returns the number of patches.
   *
   * @return M
   */
  public long patches() {
    return grid().patches();
  }

  /** The tokens before the patches: the class token, and of distilled networks another. */
  int extraTokens() {
    return has(DeitTrait.DISTILLED) ? 2 : 1;
  }

  /** The tokens that have a head, if there are heads at all. */
  int heads() {
    return has(DeitTrait.DISTILLED) && !has(DeitTrait.ONE_HEAD) ? 2 : 1;
  }

  /** The places of the extra tokens. */
  long[] places() {
    return LongStream.range(0, extraTokens()).toArray();
  }

  @Override
  public long tokens() {
    return patches() + extraTokens();
  }

  @Override
  public DeitConfig withImage(ImageSize size) {
    return with(size, sizes, classes);
  }

  DeitConfig withClasses(int number) {
    return with(image, sizes, number);
  }

  /** The network whose position embedding is for its own images. */
  DeitConfig withOwnPositions() {
    long rows = has(DeitTrait.POSITIONS_OF_PATCHES) ? patches() : tokens();
    return with(image, sizes.withPositions(Math.toIntExact(rows)), classes);
  }

  private DeitConfig with(ImageSize otherImage, DeitSizes otherSizes, int otherClasses) {
    return new DeitConfig(
        otherImage,
        otherSizes,
        otherClasses,
        traits,
        epsilon,
        interpolation,
        preprocessing,
        precision);
  }

  /** Fits a trained position embedding to a grid, the extra tokens' rows included. */
  PositionEmbedding fitPositions(float[] trained, int rows, int columns) {
    long[] extraRows = has(DeitTrait.POSITIONS_OF_PATCHES) ? new long[0] : places();
    return new PositionEmbedding(
        trained, sizes.dim(), extraRows, places(), rows, columns, interpolation.resampling());
  }

  @Override
  public Settings settings() {
    Settings settings =
        Settings.none()
            .withImageSize(image)
            .with(Deit.HEADS, sizes.heads())
            .with(Deit.NORM_EPSILON, epsilon)
            .with(Deit.POSITION_INTERPOLATION, interpolation);
    return PreprocessingSettings.write(settings, preprocessing).withPrecision(precision);
  }

  @Override
  public SequencedMap<String, Object> describe() {
    SequencedMap<String, Object> lines = new LinkedHashMap<>();
    lines.put("image_size", image.toString());
    lines.put("patch", sizes.patch());
    lines.put("tokens", tokens());
    lines.put("depth", sizes.depth());
    lines.put("dim", sizes.dim());
    lines.put("heads", sizes.heads());
    lines.put("hidden", sizes.hidden());
    lines.put("classes", classes);
    lines.put("distilled", has(DeitTrait.DISTILLED));
    lines.put("layer_scale", has(DeitTrait.LAYER_SCALE));
    lines.put("positions_of_patches", has(DeitTrait.POSITIONS_OF_PATCHES));
    lines.put("norm_epsilon", epsilon);
    lines.put("position_interpolation", interpolation.name().toLowerCase(Locale.ROOT));
    return lines;
  }

  @Override
  public Cost cost() {
    long length = tokens();
    long dim = sizes.dim();
    long linear = length * dim * (4 * dim + 2L * sizes.hidden());
    long attention = 2 * length * length * dim;
    long patch = (long) sizes.colours() * sizes.patch() * sizes.patch();
    SequencedMap<String, Long> parts = new LinkedHashMap<>();
    parts.put("embedding", patches() * patch * dim);
    parts.put("linear", sizes.depth() * linear);
    parts.put("attention", sizes.depth() * attention);
    parts.put("head", (long) heads() * classes * dim);
    return new Cost(parts, 0);
  }
}
