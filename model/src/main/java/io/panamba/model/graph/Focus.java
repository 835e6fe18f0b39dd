package io.panamba.model.graph;

import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.PatchEmbedding.ClassIndex;

/**
 * The map by which an answer is explained.
 *
 * @param map (batch, tokens, channels)
 * @param grid of the image's patches or pixels among the tokens
 * @param others places of the other tokens, ascending
 */
record Focus(Value map, Grid grid, ClassIndex others) {
  /** The token of each pixel of the grid, row by row. */
  int[] tokens() {
    int[] tokens = new int[Math.toIntExact(grid.pixels())];
    int token = 0;
    int next = 0;
    for (int pixel = 0; pixel < tokens.length; pixel++) {
      while (next < others.count() && others.place(next) == token) {
        token++;
        next++;
      }
      tokens[pixel] = token++;
    }
    return tokens;
  }
}
