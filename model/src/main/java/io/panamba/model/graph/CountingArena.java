package io.panamba.model.graph;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** An arena that knows how much it has handed out, and what else ends with it. */
public final class CountingArena implements Arena {
  private final Arena arena;
  private final List<Runnable> endings = new ArrayList<>();
  private long bytes;

  public CountingArena(Arena arena) {
    this.arena = arena;
  }

  public long bytes() {
    return bytes;
  }

  /** Counts memory that it owns and has not handed out itself. */
  void count(long more) {
    bytes += more;
  }

  /** Does something, once, after the arena is closed. */
  public void onClose(Runnable ending) {
    endings.add(ending);
  }

  @Override
  public MemorySegment allocate(long byteSize, long byteAlignment) {
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
