package io.panamba.model.vim;

/**
 * What the shapes of a Vim network's weights say.
 *
 * @param colours of a pixel
 * @param patch side of a patch in pixels
 * @param stride pixels between patches
 * @param depth number of layers
 * @param dim width of the residual stream, D
 * @param inner width of a mixer, E
 * @param states of a channel, N
 * @param dtRank rank of the dt projection, R
 * @param kernel width of the causal convolution
 * @param positions rows of the position embedding; 0 for none
 * @param rotary rows of the rotary embedding's tables; 0 for none
 */
public record VimSizes(
    int colours,
    int patch,
    int stride,
    int depth,
    int dim,
    int inner,
    int states,
    int dtRank,
    int kernel,
    int positions,
    int rotary) {
  /**
   * Checks the stride.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  public VimSizes {
    if (stride < 1) {
      throw new IllegalArgumentException("the stride is at least 1, not " + stride);
    }
  }

  VimSizes withPositions(int rows) {
    return new VimSizes(
        colours, patch, stride, depth, dim, inner, states, dtRank, kernel, rows, rotary);
  }
}
