package io.panamba.model.graph;

import io.panamba.model.weights.Weight;

/**
 * One direction of a scan (Mamba algorithm 2).
 *
 * @param u (batch, length, channels)
 * @param projected (batch, length, dtRank + 2 * states): dt, B and C
 * @param dtWeight (channels, dtRank)
 * @param dtBias (channels) or null
 * @param a A_log, (channels, states)
 * @param d (channels) or null
 */
public record Walk(Value u, Value projected, Weight dtWeight, Weight dtBias, Weight a, Weight d) {}
