package io.panamba.model;

import io.panamba.runtime.Arenas;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** An arena that knows how much it has handed out, and what else ends with it. */
final class CountingArena implements Arena {
  private final Arena arena;
  private final long most;
  private final List<Runnable> endings = new ArrayList<>();
  private long bytes;

  /** Those of {@link #bytes} that it handed out itself. */
  private long allocated;

  CountingArena(Arena arena) {
    this(arena, Long.MAX_VALUE);
  }

  /** An arena that refuses to hand out more bytes than {@code most} itself. */
  private CountingArena(Arena arena, long most) {
    this.arena = arena;
    this.most = most;
  }

  /**
   * An arena for what an inference needs beside the weights, in the host's memory. A system may
   * promise more than it has, and end the process that takes it at its word.
   */
  static CountingArena ofWorkspace() {
    return new CountingArena(Arenas.shared(), Workspace.machineBytes());
  }

  long bytes() {
    return bytes;
  }

  /** Counts memory that it owns and has not handed out itself. */
  void count(long more) {
    bytes += more;
  }

  /** Does something, once, after the arena is closed. */
  void onClose(Runnable ending) {
    endings.add(ending);
  }

  /** Throws {@link WorkspaceException} if it is more than there can be. */
  @Override
  public MemorySegment allocate(long byteSize, long byteAlignment) {
    if (byteSize > most - allocated) {
      throw Workspace.notThere(Math.max(byteSize, most));
    }
    allocated += byteSize;
    bytes += byteSize;
    return arena.allocate(byteSize, byteAlignment);
  }

  @Override
  public MemorySegment.Scope scope() {
    return arena.scope();
  }

  /** May be called again, and by another thread, if the arena behind it may. */
  @Override
  public synchronized void close() {
    arena.close();
    endings.forEach(Runnable::run);
    endings.clear();
  }
}
