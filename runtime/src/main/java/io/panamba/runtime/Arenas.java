package io.panamba.runtime;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.util.function.Consumer;

/**
 * Arenas for memory that several threads use and that has an end.
 *
 * <p>The end is {@link Arena#close}, which may be called any number of times, by any threads. Where
 * it is forgotten, the end comes when a garbage collector finds that nothing refers to the arena or
 * to memory of it any more. Operations that run refer to theirs.
 */
public final class Arenas {
  private static final Cleaner CLEANER = Cleaner.create();

  private Arenas() {}

  /**
   * Opens an arena whose memory any thread may use until it is closed. A second close does nothing,
   * and one that comes while another thread closes waits until that is done. In a native image the
   * memory is freed by the garbage collector alone, since GraalVM's long-term release can't close
   * shared arenas, and close does nothing.
   *
   * @return the arena
   */
  public static Arena shared() {
    return System.getProperty("org.graalvm.nativeimage.imagecode") == null
        ? new SharedArena()
        : new CollectedArena();
  }

  /**
   * Makes memory that was not allocated from an arena end with it.
   *
   * @param owner the arena
   * @param memory of any other arena
   * @param bytes its size
   * @param release called once with the memory, when the arena has been closed or when nothing
   *     refers to it or to its memory any more; it must not refer to them itself
   * @return the memory, usable as long as its new owner is open
   */
  public static MemorySegment bind(
      Arena owner, MemorySegment memory, long bytes, Consumer<MemorySegment> release) {
    // Every segment of an arena refers to its scope, and so does whatever can reach the memory.
    Cleaner.Cleanable end = CLEANER.register(owner.scope(), () -> release.accept(memory));
    return memory.reinterpret(bytes, owner, _ -> end.clean());
  }

  /**
   * Two arenas: one that is lent, whose scope all segments have, and one that owns the memory. The
   * owner knows nothing of what is lent, so that it can be closed when that can't be reached.
   */
  private static final class SharedArena implements Arena {
    private final Arena lent = Arena.ofShared();
    private final Arena owner = Arena.ofShared();

    SharedArena() {
      Arena memory = owner;
      bind(lent, MemorySegment.NULL, 0, _ -> memory.close());
    }

    @Override
    public MemorySegment allocate(long byteSize, long byteAlignment) {
      MemorySegment memory = owner.allocate(byteSize, byteAlignment);
      return memory.reinterpret(byteSize, lent, null);
    }

    @Override
    public MemorySegment.Scope scope() {
      return lent.scope();
    }

    @Override
    public synchronized void close() {
      if (lent.scope().isAlive()) {
        lent.close();
      }
    }
  }

  private static final class CollectedArena implements Arena {
    private final Arena automatic = Arena.ofAuto();

    @Override
    public MemorySegment allocate(long byteSize, long byteAlignment) {
      return automatic.allocate(byteSize, byteAlignment);
    }

    @Override
    public MemorySegment.Scope scope() {
      return automatic.scope();
    }

    @Override
    public void close() {}
  }
}
