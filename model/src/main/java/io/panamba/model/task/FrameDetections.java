package io.panamba.model.task;

/**
 * What a detector found, in the frame of the network's input.
 *
 * @param count detections, the best first
 * @param boxes (count, 4): left, top, right, bottom in pixels of the frame
 * @param scores (count)
 * @param classes (count)
 * @param masks probabilities, (count, maskSide, maskSide), each over its box; null if no masks were
 *     asked for
 * @param maskSide 28
 */
public record FrameDetections(
    int count, float[] boxes, float[] scores, int[] classes, float[] masks, int maskSide) {}
