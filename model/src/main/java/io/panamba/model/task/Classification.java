package io.panamba.model.task;

/**
 * One class of an answer.
 *
 * @param index the class, from 0
 * @param label its name
 * @param probability softmax of the logits
 * @param logit what the head gave
 */
public record Classification(int index, String label, float probability, float logit) {}
