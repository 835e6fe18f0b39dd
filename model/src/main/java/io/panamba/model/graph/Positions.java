package io.panamba.model.graph;

import io.panamba.model.weights.Weight;

/**
 * A position embedding for a grid of patches.
 *
 * @param weight (1, rows, dim), for the grid that it was trained with
 * @param height rows of the grid
 * @param width columns of the grid
 * @param ofPatches whether class tokens have no rows in it
 */
public record Positions(Weight weight, int height, int width, boolean ofPatches) {}
