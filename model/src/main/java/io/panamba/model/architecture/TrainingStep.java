package io.panamba.model.architecture;

/**
 * What one step of a training is.
 *
 * @param batch images
 * @param smoothing of labels, from 0
 * @param drops whether layers are dropped for some images
 */
public record TrainingStep(int batch, float smoothing, boolean drops) {}
