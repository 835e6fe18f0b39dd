package io.panamba.model.architecture;

import io.panamba.model.memory.CountingArena;
import io.panamba.model.memory.WorkspaceException;

/**
 * A family whose networks can run on images that are larger than memory.
 *
 * @param <C> what describes networks of the family
 */
public interface Streaming<C extends NetworkConfig> extends Architecture<C> {
  /**
   * Prepares a run.
   *
   * @param network whose weights are in the host's memory
   * @param options image size, what is wanted and where memory comes from
   * @param arena for all memory of the run
   * @return what runs
   * @throws IllegalArgumentException if the network is of a variant that needs whole sequences
   * @throws WorkspaceException if memory or a temporary file are not to be had
   */
  StreamedProgram stream(LoadedNetwork<C> network, StreamOptions options, CountingArena arena);
}
