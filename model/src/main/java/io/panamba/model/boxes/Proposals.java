package io.panamba.model.boxes;

/**
 * Regions that may hold a thing, the best first.
 *
 * @param count how many
 * @param boxes four sides each, in the frame of the network's input
 * @param logits one each
 */
@SuppressWarnings("ArrayRecordComponent")
public record Proposals(int count, float[] boxes, float[] logits) {}
