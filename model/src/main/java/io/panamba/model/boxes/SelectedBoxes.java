package io.panamba.model.boxes;

/**
 * Boxes that a detector reports, the best first.
 *
 * @param count how many
 * @param boxes four sides each, in the frame of the network's input, cut off at the image's sides
 * @param rows which of the boxes that were chosen from each one is
 * @param classes one each, from 0
 * @param scores the probability of that class
 */
@SuppressWarnings("ArrayRecordComponent")
public record SelectedBoxes(int count, float[] boxes, int[] rows, int[] classes, float[] scores) {}
