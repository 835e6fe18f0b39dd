package io.panamba.model;

import io.panamba.model.block.ClassToken;
import io.panamba.model.block.Pooling;
import io.panamba.model.block.PositionInterpolation;

/**
 * What the shapes of a checkpoint can't tell. A component that is null is decided by the checkpoint
 * and, where that is silent, by the published models.
 *
 * @param imageHeight pixels; by default the size that the position embedding was trained for
 * @param imageWidth pixels; likewise
 * @param stride pixels between patches; by default the one that makes the trained grid of a
 *     224-pixel image, or else the patch size
 * @param classToken by default middle for one class token, double for two
 * @param pooling without a class token; mean by default
 * @param divideOut whether the two directions of v2 are averaged rather than added; true by default
 * @param layerBidirectional whether odd layers run backward ({@code if_bidirectional}); false by
 *     default
 * @param ropeResidual whether the rotary embedding turns the residual too ({@code
 *     if_rope_residual}); true by default
 * @param positionInterpolation for other image sizes; aligned by default
 * @param precision of weights and activations; float32 by default
 */
public record VimOptions(
    Integer imageHeight,
    Integer imageWidth,
    Integer stride,
    ClassToken classToken,
    Pooling pooling,
    Boolean divideOut,
    Boolean layerBidirectional,
    Boolean ropeResidual,
    PositionInterpolation positionInterpolation,
    Precision precision) {

  /**
   * Returns options that leave everything open.
   *
   * @return the options
   */
  public static VimOptions defaults() {
    return new VimOptions(null, null, null, null, null, null, null, null, null, null);
  }

  /**
   * Chooses a square image size.
   *
   * @param size pixels
   * @return new options
   */
  public VimOptions withImageSize(int size) {
    return withImageSize(size, size);
  }

  /**
   * Chooses an image size.
   *
   * @param height pixels
   * @param width pixels
   * @return new options
   */
  public VimOptions withImageSize(int height, int width) {
    return new VimOptions(
        height,
        width,
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
   * Chooses the distance between patches.
   *
   * @param value pixels
   * @return new options
   */
  public VimOptions withStride(int value) {
    return new VimOptions(
        imageHeight,
        imageWidth,
        value,
        classToken,
        pooling,
        divideOut,
        layerBidirectional,
        ropeResidual,
        positionInterpolation,
        precision);
  }

  /**
   * Chooses the class tokens' places.
   *
   * @param value where they are
   * @return new options
   */
  public VimOptions withClassToken(ClassToken value) {
    return new VimOptions(
        imageHeight,
        imageWidth,
        stride,
        value,
        pooling,
        divideOut,
        layerBidirectional,
        ropeResidual,
        positionInterpolation,
        precision);
  }

  /**
   * Chooses the pooling.
   *
   * @param value used without a class token
   * @return new options
   */
  public VimOptions withPooling(Pooling value) {
    return new VimOptions(
        imageHeight,
        imageWidth,
        stride,
        classToken,
        value,
        divideOut,
        layerBidirectional,
        ropeResidual,
        positionInterpolation,
        precision);
  }

  /**
   * Chooses whether directions are averaged.
   *
   * @param value false adds them
   * @return new options
   */
  public VimOptions withDivideOut(boolean value) {
    return new VimOptions(
        imageHeight,
        imageWidth,
        stride,
        classToken,
        pooling,
        value,
        layerBidirectional,
        ropeResidual,
        positionInterpolation,
        precision);
  }

  /**
   * Chooses whether odd layers run backward.
   *
   * @param value true if they do
   * @return new options
   */
  public VimOptions withLayerBidirectional(boolean value) {
    return new VimOptions(
        imageHeight,
        imageWidth,
        stride,
        classToken,
        pooling,
        divideOut,
        value,
        ropeResidual,
        positionInterpolation,
        precision);
  }

  /**
   * Chooses whether the rotary embedding turns the residual.
   *
   * @param value true if it does
   * @return new options
   */
  public VimOptions withRopeResidual(boolean value) {
    return new VimOptions(
        imageHeight,
        imageWidth,
        stride,
        classToken,
        pooling,
        divideOut,
        layerBidirectional,
        value,
        positionInterpolation,
        precision);
  }

  /**
   * Chooses the interpolation of positions.
   *
   * @param value the mode
   * @return new options
   */
  public VimOptions withPositionInterpolation(PositionInterpolation value) {
    return new VimOptions(
        imageHeight,
        imageWidth,
        stride,
        classToken,
        pooling,
        divideOut,
        layerBidirectional,
        ropeResidual,
        value,
        precision);
  }

  /**
   * Chooses the precision.
   *
   * @param value of weights and activations
   * @return new options
   */
  public VimOptions withPrecision(Precision value) {
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
        value);
  }
}
