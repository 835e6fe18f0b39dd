package io.panamba.model.architecture;

/**
 * What one image costs.
 *
 * @param multiplyAdds multiply-accumulates of products and convolutions, scans excluded
 * @param scanUpdates state updates of scans: one is h = exp(dt A) h + dt B u and y += C h for one
 *     token, channel and state
 */
public record Cost(long multiplyAdds, long scanUpdates) {}
