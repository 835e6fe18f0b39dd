package io.panamba.model.architecture;

import io.panamba.runtime.operation.Grid;

/**
 * What a stage of a pyramid gives, for heads of dense tasks.
 *
 * @param tap the name under which {@link io.panamba.model.Inference#tap} has it, (batch, pixels,
 *     channels)
 * @param channels of a pixel
 * @param stride pixels of the image for one of the map, on either side
 * @param grid of the map at the image's size
 */
public record StageOutput(String tap, int channels, int stride, Grid grid) {}
