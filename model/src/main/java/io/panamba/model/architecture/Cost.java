package io.panamba.model.architecture;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * What one image costs.
 *
 * @param operations multiply-accumulates of products and convolutions by what they are for, scans
 *     excluded
 * @param scanUpdates state updates of scans: one is h = exp(dt A) h + dt B u and y += C h for one
 *     token, channel and state
 */
public record Cost(SequencedMap<String, Long> operations, long scanUpdates) {
  /**
   * Floating-point operations of a state update: nine fused multiply-add issue slots of two
   * operations each. They are range reduction, a polynomial of five, and three for the state and
   * the output.
   */
  public static final double FLOPS_PER_SCAN_UPDATE = 18;

  /** Copies the map. */
  public Cost {
    operations = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(operations));
  }

  /**
   * Adds up.
   *
   * @return multiply-accumulates of all operations
   */
  public long multiplyAdds() {
    return operations.values().stream().mapToLong(Long::longValue).sum();
  }

  /**
   * Adds other work.
   *
   * @param more multiply-accumulates by what they are for
   * @return the sum, this work first
   */
  public Cost plus(SequencedMap<String, Long> more) {
    SequencedMap<String, Long> all = new LinkedHashMap<>(operations);
    more.forEach((name, number) -> all.merge(name, number, Long::sum));
    return new Cost(all, scanUpdates);
  }
}
