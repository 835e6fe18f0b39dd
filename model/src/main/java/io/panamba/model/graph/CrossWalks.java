package io.panamba.model.graph;

import io.panamba.model.weights.Weight;
import io.panamba.runtime.operation.CrossScan;

/**
 * The parameters of a four-walk scan.
 *
 * @param kind where the walks go
 * @param dtWeight (4, channels, dtRank)
 * @param dtBias (4, channels)
 * @param logarithms A_log, (4 * channels, states)
 * @param skip D, (4 * channels)
 */
public record CrossWalks(
    CrossScan.Walks kind, Weight dtWeight, Weight dtBias, Weight logarithms, Weight skip) {}
