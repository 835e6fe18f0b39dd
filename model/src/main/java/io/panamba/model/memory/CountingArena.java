package io.panamba.model.memory;

import io.panamba.runtime.Arenas;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** An arena that knows how much it has handed out, and what else ends with it. */
public final class CountingArena implements Arena {
  /** Bytes that any machine has: asking what this one has loads classes of another module. */
  private static final long MODEST = 1L << 30;

  private final Arena arena;
  private final boolean bounded;
  private final List<Runnable> endings = new ArrayList<>();
  private long bytes;

  /** Those of {@link #bytes} that it handed out itself. */
  private long allocated;

  /**
   * Counts what an arena hands out.
   *
   * @param arena the owner of the memory
   */
  public CountingArena(Arena arena) {
    this(arena, false);
  }

  private CountingArena(Arena arena, boolean bounded) {
    this.arena = arena;
    this.bounded = bounded;
  }

  /**
   * Opens an arena for what an inference needs beside the weights, in the host's memory. A system
   * may promise more than it has, and end the process that takes it at its word.
   *
   * @return an arena that hands out no more than the machine has
   */
  public static CountingArena ofWorkspace() {
    return new CountingArena(Arenas.shared(), true);
  }

  /**
   * Returns how much memory it owns.
   *
   * @return bytes
   */
  public long bytes() {
    return bytes;
  }

  /** Counts memory that it owns and has not handed out itself. */
  void count(long more) {
    bytes += more;
  }

  /**
   * Does something, once, after the arena is closed.
   *
   * @param ending what is done
   */
  public void onClose(Runnable ending) {
    endings.add(ending);
  }

  /**
   * Hands out memory.
   *
   * @throws WorkspaceException if it is more than there can be
   */
  @Override
  public MemorySegment allocate(long byteSize, long byteAlignment) {
    if (bounded && byteSize > MODEST - allocated) {
      long most = LongMemory.machineBytes();
      if (byteSize > most - allocated) {
        throw LongMemory.notThere(Math.max(byteSize, most));
      }
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
