package io.panamba.model.architecture;

import io.panamba.runtime.operation.Grid;

/**
 * A map that the head of a dense task reads.
 *
 * @param channels of a pixel
 * @param grid of its pixels
 */
public record FeatureMap(int channels, Grid grid) {}
