package io.panamba.model;

/**
 * What a pool's inferences and callers do at a moment. {@code used} and {@code waiting} are of the
 * same moment; the others may be of one just before or after, within their bounds: {@code idle} is
 * never more than {@code size - used}, and the totals never fall. When nobody uses the pool all of
 * them are exact.
 *
 * @param size most inferences at a time
 * @param used inferences that callers have, or that are being planned or warmed up
 * @param idle inferences that are planned and that nobody has; 0 once the pool is closed
 * @param waiting threads that wait for an inference; positive only while {@code used} is {@code
 *     size}
 * @param lent how often an inference has been lent since the pool was made, warm-ups left out
 * @param timedOut how often a caller got a {@link PoolTimeoutException}
 */
public record PoolCounts(int size, int used, int idle, int waiting, long lent, long timedOut) {}
