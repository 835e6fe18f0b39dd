package io.panamba.model.task;

/**
 * Where on an image a network sees a class.
 *
 * @param classIndex the class, from 0
 * @param label its name
 * @param probability that the network gives it, in 0..1
 * @param map of the network's last map, not negative; what counts against the class is 0
 */
public record Explanation(int classIndex, String label, float probability, HeatMap map) {}
