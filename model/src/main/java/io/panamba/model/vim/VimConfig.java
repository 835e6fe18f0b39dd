package io.panamba.model.vim;

import io.panamba.model.architecture.Cost;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.PatchGrid;
import io.panamba.model.architecture.Precision;
import io.panamba.model.architecture.PreprocessingSettings;
import io.panamba.model.architecture.Settings;
import io.panamba.model.block.ClassToken;
import io.panamba.model.block.Pooling;
import io.panamba.model.block.PositionEmbedding;
import io.panamba.model.block.PositionInterpolation;
import io.panamba.model.block.Resampling;
import io.panamba.model.image.Preprocessing;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.Set;

/**
 * A Vim network in full: what its weights' shapes say, and the settings that they leave open.
 *
 * @param image of the images to run
 * @param sizes of its weights
 * @param classes of the head; 0 without a head
 * @param classToken where class tokens stand
 * @param pooling used without a class token
 * @param bimamba directions of a mixer
 * @param traits what else it has
 * @param positionInterpolation how its position embedding is fitted to other grids
 * @param preprocessing how its input is made of pictures
 * @param precision of weights and activations
 */
public record VimConfig(
    ImageSize image,
    VimSizes sizes,
    int classes,
    ClassToken classToken,
    Pooling pooling,
    Bimamba bimamba,
    Set<VimTrait> traits,
    PositionInterpolation positionInterpolation,
    Preprocessing preprocessing,
    Precision precision)
    implements NetworkConfig {

  /** The epsilon of every norm. */
  public static final float EPS = 1e-5f;

  /**
   * Checks the image size.
   *
   * @throws IllegalArgumentException if an image is smaller than a patch
   */
  public VimConfig {
    PatchGrid.of(image, sizes.patch(), sizes.stride());
    traits = traits.isEmpty() ? Set.of() : Collections.unmodifiableSet(EnumSet.copyOf(traits));
  }

  /**
   * Tells whether the network has something.
   *
   * @param trait what it may have
   * @return whether it does
   */
  public boolean has(VimTrait trait) {
    return traits.contains(trait);
  }

  /**
   * Tells whether a rotary embedding turns the tokens before every layer.
   *
   * @return whether there are its tables
   */
  public boolean hasRotary() {
    return sizes.rotary() > 0;
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
    return PatchGrid.of(image, sizes.patch(), sizes.stride());
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

  /**
   * Returns the length of the sequence.
   *
   * @return L = patches and class tokens
   */
  public long length() {
    return patches() + classToken.count();
  }

  @Override
  public long tokens() {
    return length();
  }

  /**
   * Returns the index of the one token that features are read from.
   *
   * @return the index, or -1 if they are made of several tokens
   */
  public long pickedToken() {
    return switch (classToken) {
      case HEAD, MIDDLE -> classToken.places(patches())[0];
      case DOUBLE -> -1;
      case NONE -> pooling == Pooling.LAST ? length() - 1 : -1;
    };
  }

  /** What the sum of the directions is multiplied by. */
  float directionScale() {
    return bimamba == Bimamba.V2 && has(VimTrait.DIVIDE_OUT) ? 0.5f : 1;
  }

  @Override
  public boolean keepsEveryToken() {
    return classToken == ClassToken.NONE && (pooling == Pooling.MAX || pooling == Pooling.ALL);
  }

  @Override
  public boolean answersEveryToken() {
    return classToken == ClassToken.NONE && pooling == Pooling.ALL;
  }

  @Override
  public VimConfig withImage(ImageSize size) {
    return with(size, sizes, classes);
  }

  VimConfig withClasses(int number) {
    return with(image, sizes, number);
  }

  /** Fits a trained position embedding to a grid. */
  PositionEmbedding fitPositions(float[] trained, int rows, int columns) {
    int trainedPatches = trained.length / sizes.dim() - classToken.count();
    return new PositionEmbedding(
        trained,
        sizes.dim(),
        positionInterpolation.places(classToken, trainedPatches),
        positionInterpolation.places(classToken, (long) rows * columns),
        rows,
        columns,
        Resampling.CLAMPED_CUBIC);
  }

  VimConfig withPositions(int rows) {
    return with(image, sizes.withPositions(rows), classes);
  }

  private VimConfig with(ImageSize otherImage, VimSizes otherSizes, int otherClasses) {
    return new VimConfig(
        otherImage,
        otherSizes,
        otherClasses,
        classToken,
        pooling,
        bimamba,
        traits,
        positionInterpolation,
        preprocessing,
        precision);
  }

  @Override
  public Settings settings() {
    return PreprocessingSettings.write(Settings.none(), preprocessing)
        .withImageSize(image)
        .with(Vim.STRIDE, sizes.stride())
        .with(Vim.CLASS_TOKEN, classToken)
        .with(Vim.POOLING, pooling)
        .with(Vim.DIVIDE_OUT, has(VimTrait.DIVIDE_OUT))
        .with(Vim.LAYER_BIDIRECTIONAL, has(VimTrait.LAYER_BIDIRECTIONAL))
        .with(Vim.ROPE_RESIDUAL, has(VimTrait.ROPE_RESIDUAL))
        .with(Vim.POSITION_INTERPOLATION, positionInterpolation)
        .withPrecision(precision);
  }

  @Override
  public SequencedMap<String, Object> describe() {
    SequencedMap<String, Object> lines = new LinkedHashMap<>();
    lines.put("image_size", image.toString());
    lines.put("patch", sizes.patch());
    lines.put("stride", sizes.stride());
    lines.put("tokens", length());
    lines.put("depth", sizes.depth());
    lines.put("dim", sizes.dim());
    lines.put("inner", sizes.inner());
    lines.put("states", sizes.states());
    lines.put("dt_rank", sizes.dtRank());
    lines.put("kernel", sizes.kernel());
    lines.put("classes", classes);
    lines.put("class_token", word(classToken));
    lines.put("pool", word(pooling));
    lines.put("bimamba", word(bimamba));
    lines.put("divide_out", has(VimTrait.DIVIDE_OUT));
    lines.put("layer_bidirectional", has(VimTrait.LAYER_BIDIRECTIONAL));
    lines.put("rope", hasRotary());
    lines.put("rope_residual", has(VimTrait.ROPE_RESIDUAL));
    lines.put("layer_scale", has(VimTrait.LAYER_SCALE));
    lines.put("norm", has(VimTrait.LAYER_NORM) ? "layer" : "rms");
    lines.put("position_embedding", sizes.positions() > 0);
    lines.put("position_interpolation", word(positionInterpolation));
    return lines;
  }

  private static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  private int directions() {
    return bimamba == Bimamba.NONE ? 1 : 2;
  }

  /** The sets of convolution and projections in a mixer. */
  private int branches() {
    return bimamba == Bimamba.V2 ? 2 : 1;
  }

  @Override
  public Cost cost() {
    long inner = sizes.inner();
    long projections = sizes.dtRank() + 2L * sizes.states();
    long layers = sizes.depth() * length();
    long branches = layers * branches();
    long heads = keepsEveryToken() ? length() : 1;
    long patch = (long) sizes.colours() * sizes.patch() * sizes.patch();
    SequencedMap<String, Long> parts = new LinkedHashMap<>();
    parts.put("embedding", patches() * patch * sizes.dim());
    parts.put("in_proj", layers * 2 * inner * sizes.dim());
    parts.put("conv", branches * sizes.kernel() * inner);
    parts.put("x_proj", branches * projections * inner);
    parts.put("dt_proj", branches * sizes.dtRank() * inner);
    parts.put("out_proj", layers * inner * sizes.dim());
    parts.put("head", heads * classes * sizes.dim());
    return new Cost(parts, (long) sizes.depth() * directions() * length() * inner * sizes.states());
  }
}
