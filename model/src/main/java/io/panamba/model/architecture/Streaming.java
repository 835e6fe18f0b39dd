package io.panamba.model.architecture;

import io.panamba.model.graph.CountingArena;
import io.panamba.model.graph.WorkspaceException;

/** A network that can run on images which are larger than memory. */
public interface Streaming extends LoadedNetwork {
  /**
   * Prepares a run.
   *
   * @param options image size, what is wanted and where memory comes from
   * @param arena for all memory of the run
   * @return what runs
   * @throws IllegalArgumentException if the network is of a variant that needs whole sequences
   * @throws WorkspaceException if memory or a temporary file are not to be had
   */
  StreamedProgram stream(StreamOptions options, CountingArena arena);
}
