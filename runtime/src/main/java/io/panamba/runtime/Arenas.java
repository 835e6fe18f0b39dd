package io.panamba.runtime;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.util.Collections;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.function.Consumer;

/**
 * Arenas for memory that several threads use and that has an end.
 *
 * <p>The end is {@link Arena#close}, which may be called any number of times, by any threads. Where
 * it is forgotten, the end comes when a garbage collector finds that nothing refers to the arena or
 * to memory of it any more. Operations that run refer to theirs.
 *
 * <p>In a native image that can't close shared arenas (GraalVM 25.0 without {@code
 * -H:+SharedArenaSupport}) a close is an end too for whoever asks, as networks, plans and tensors
 * do, but the memory itself always waits for the collector, so that a segment taken from it earlier
 * is still valid memory.
 */
public final class Arenas {
  private static final Cleaner CLEANER = Cleaner.create();

  /** For tests: says of a virtual machine that it can't close shared arenas. */
  private static final String COLLECTED = "panamba.arenas.collected";

  private static final boolean CLOSABLE = !Boolean.getBoolean(COLLECTED) && canClose();

  /** Scopes of arenas that were closed though their memory can't be. They are equal by identity. */
  private static final Set<MemorySegment.Scope> CLOSED =
      Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

  private Arenas() {}

  /** Creating a shared arena works in every image; without support for them its close fails. */
  private static boolean canClose() {
    if (System.getProperty("org.graalvm.nativeimage.imagecode") == null) {
      return true;
    }
    try {
      Arena.ofShared().close();
      return true;
    } catch (RuntimeException | Error _) {
      // GraalVM's own error, whose class only an image has.
      return false;
    }
  }

  /**
   * Tells whether memory may still be used.
   *
   * @param scope of an arena, or of a segment
   * @return false once its arena has been closed, also where that did not free its memory
   */
  public static boolean isOpen(MemorySegment.Scope scope) {
    return scope.isAlive() && (CLOSABLE || !CLOSED.contains(scope));
  }

  /**
   * Refuses memory whose arena was closed without freeing it. Of all other memory it says nothing:
   * whoever accesses that finds out.
   *
   * @param memory of any arena
   * @throws IllegalStateException if its arena was closed
   */
  public static void requireOpen(MemorySegment memory) {
    if (!CLOSABLE && !isOpen(memory.scope())) {
      throw new IllegalStateException("the memory's arena is closed");
    }
  }

  /**
   * Opens an arena whose memory any thread may use until it is closed. A second close does nothing,
   * and one that comes while another thread closes waits until that is done.
   *
   * @return the arena
   */
  public static Arena shared() {
    return CLOSABLE ? new SharedArena() : new CollectedArena();
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
      if (!isOpen(automatic.scope())) {
        throw new IllegalStateException("the arena is closed");
      }
      return automatic.allocate(byteSize, byteAlignment);
    }

    @Override
    public MemorySegment.Scope scope() {
      return automatic.scope();
    }

    @Override
    public void close() {
      CLOSED.add(automatic.scope());
    }
  }
}
