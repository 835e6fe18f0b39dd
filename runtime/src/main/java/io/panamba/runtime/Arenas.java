package io.panamba.runtime;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Arenas for memory that several threads use and that has an end. */
public final class Arenas {
  private Arenas() {}

  /**
   * Opens an arena whose memory any thread may use until it is closed. In a native image the memory
   * is freed by the garbage collector instead, since GraalVM's long-term release can't close shared
   * arenas, and close does nothing.
   *
   * @return the arena
   */
  public static Arena shared() {
    return System.getProperty("org.graalvm.nativeimage.imagecode") == null
        ? Arena.ofShared()
        : new CollectedArena();
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
