package io.panamba.model.segmentation;

/**
 * How much of an image is of a class.
 *
 * @param classIndex the class, from 0
 * @param name its name
 * @param share its part of the pixels, in 0..1
 */
public record ClassShare(int classIndex, String name, double share) {}
