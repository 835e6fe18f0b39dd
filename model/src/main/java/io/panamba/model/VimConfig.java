package io.panamba.model;

import io.panamba.model.checkpoint.Checkpoint;
import java.util.Map;

/**
 * A Vim network in full: what its checkpoint's shapes say, and the options that they leave open.
 *
 * @param imageHeight pixels
 * @param imageWidth pixels
 * @param colours of a pixel
 * @param patch side of a patch in pixels
 * @param stride pixels between patches
 * @param depth number of layers
 * @param dim width of the residual stream, D
 * @param inner width of a mixer, E
 * @param states of a channel, N
 * @param dtRank rank of the dt projection, R
 * @param kernel width of the causal convolution
 * @param classes of the head; 0 without a head
 * @param classToken where class tokens stand
 * @param pooling used without a class token
 * @param bimamba directions of a mixer
 * @param divideOut whether the directions of v2 are averaged
 * @param layerBidirectional whether odd layers run backward
 * @param rope whether a rotary embedding turns the tokens before every layer
 * @param ropeResidual whether it turns the residual too
 * @param layerScale whether mixers end with a learned scale
 * @param layerNorm whether norms are layer norms rather than RMS norms
 * @param positions whether there is a position embedding
 * @param positionInterpolation how it is fitted to other grids
 * @param precision of weights and activations
 */
public record VimConfig(
    int imageHeight,
    int imageWidth,
    int colours,
    int patch,
    int stride,
    int depth,
    int dim,
    int inner,
    int states,
    int dtRank,
    int kernel,
    int classes,
    ClassToken classToken,
    Pooling pooling,
    Bimamba bimamba,
    boolean divideOut,
    boolean layerBidirectional,
    boolean rope,
    boolean ropeResidual,
    boolean layerScale,
    boolean layerNorm,
    boolean positions,
    PositionInterpolation positionInterpolation,
    Precision precision) {

  /** The epsilon of every norm. */
  public static final float EPS = 1e-5f;

  /**
   * Checks stride and image size.
   *
   * @throws IllegalArgumentException if the stride is not positive or an image is smaller than a
   *     patch
   */
  public VimConfig {
    if (stride < 1) {
      throw new IllegalArgumentException("the stride is at least 1, not " + stride);
    }
    if (imageHeight < patch || imageWidth < patch) {
      throw new IllegalArgumentException(
          "images of %d x %d are smaller than a patch of %d"
              .formatted(imageHeight, imageWidth, patch));
    }
  }

  /**
   * Returns the height of the grid of patches.
   *
   * @return rows
   */
  public int gridHeight() {
    return (imageHeight - patch) / stride + 1;
  }

  /**
   * Returns the width of the grid of patches.
   *
   * @return columns
   */
  public int gridWidth() {
    return (imageWidth - patch) / stride + 1;
  }

  /**
   * Returns the number of patches.
   *
   * @return M
   */
  public long patches() {
    return (long) gridHeight() * gridWidth();
  }

  /**
   * Returns the length of the sequence.
   *
   * @return L = patches and class tokens
   */
  public long length() {
    return patches() + classToken.count();
  }

  /**
   * Tells a network from the shapes of its checkpoint, and from the metadata that Panamba writes
   * into files of its own.
   *
   * @param checkpoint the weights under the keys of the original state dict
   * @param options what comes before both
   * @return the configuration
   * @throws WeightsException if the tensors are not those of a Vim network, or if the checkpoint
   *     decides on images of more than 2^24 pixels or 2^18 patches, which options alone may ask for
   * @throws io.panamba.model.checkpoint.CheckpointException if that takes more memory than there is
   */
  public static VimConfig of(Checkpoint checkpoint, VimOptions options) {
    return FileMemory.guard(
        checkpoint.path(), () -> VimConfigReader.read(VimKeys.reading(checkpoint), options));
  }

  /**
   * Returns what shapes can't tell, for a file's metadata.
   *
   * @return text by name
   */
  public Map<String, String> metadata() {
    return VimConfigReader.metadata(this);
  }

  /**
   * Returns options that make the same network of its weights.
   *
   * @return the options
   */
  public VimOptions options() {
    return new VimOptions(
        imageHeight,
        imageWidth,
        stride,
        classToken,
        pooling,
        divideOut,
        layerBidirectional,
        ropeResidual,
        positionInterpolation,
        precision);
  }

  /**
   * Chooses the number of classes.
   *
   * @param number of the head's outputs
   * @return a new configuration
   */
  public VimConfig withClasses(int number) {
    return new VimConfig(
        imageHeight,
        imageWidth,
        colours,
        patch,
        stride,
        depth,
        dim,
        inner,
        states,
        dtRank,
        kernel,
        number,
        classToken,
        pooling,
        bimamba,
        divideOut,
        layerBidirectional,
        rope,
        ropeResidual,
        layerScale,
        layerNorm,
        positions,
        positionInterpolation,
        precision);
  }

  /** The same network for other images. */
  VimConfig withImageSize(int height, int width) {
    return new VimConfig(
        height,
        width,
        colours,
        patch,
        stride,
        depth,
        dim,
        inner,
        states,
        dtRank,
        kernel,
        classes,
        classToken,
        pooling,
        bimamba,
        divideOut,
        layerBidirectional,
        rope,
        ropeResidual,
        layerScale,
        layerNorm,
        positions,
        positionInterpolation,
        precision);
  }

  private int directions() {
    return bimamba == Bimamba.NONE ? 1 : 2;
  }

  /** The sets of convolution and projections in a mixer. */
  private int branches() {
    return bimamba == Bimamba.V2 ? 2 : 1;
  }

  /**
   * Counts the multiply-adds of one image in products and convolutions.
   *
   * @return multiply-accumulates, scans excluded
   */
  public long multiplyAdds() {
    long projections = dtRank + 2L * states;
    long branch = projections * inner + (long) dtRank * inner + (long) kernel * inner;
    long block = 3L * inner * dim + branches() * branch;
    long heads =
        classToken == ClassToken.NONE && (pooling == Pooling.MAX || pooling == Pooling.ALL)
            ? length()
            : 1;
    return depth * length() * block
        + patches() * colours * patch * patch * dim
        + heads * classes * dim;
  }

  /**
   * Counts the state updates of one image: one is h = exp(dt A) h + dt B u and y += C h for one
   * token, channel and state.
   *
   * @return updates
   */
  public long scanUpdates() {
    return (long) depth * directions() * length() * inner * states;
  }
}
