package io.panamba.model.deit;

/**
 * What the shapes of a DeiT's weights say, and the number of heads, which they do not.
 *
 * @param colours of a pixel
 * @param patch side of a patch in pixels
 * @param depth number of blocks
 * @param dim width of the residual stream, D
 * @param heads of attention
 * @param hidden width of the perceptrons
 * @param positions rows of the position embedding
 */
public record DeitSizes(
    int colours, int patch, int depth, int dim, int heads, int hidden, int positions) {
  DeitSizes withPositions(int rows) {
    return new DeitSizes(colours, patch, depth, dim, heads, hidden, rows);
  }
}
