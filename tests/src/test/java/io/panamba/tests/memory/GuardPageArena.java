package io.panamba.tests.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * An arena whose every segment lies between two pages that can't be touched, at the edge of one of
 * them: code that reads or writes beyond that edge ends the process. What is left of the segment's
 * own pages holds a pattern, which {@link #close} checks for writes on the other side.
 *
 * <p>It leaves alignment to the placement, whatever a caller asks for.
 */
final class GuardPageArena implements Arena {
  /** Where a segment lies between its guards. */
  enum Placement {
    /** Ends where the guard begins; aligned if its size is. */
    BEFORE_GUARD(true, 0),
    /** Ends 4 bytes before the guard: misaligned if its size is a multiple of the alignment. */
    SHORT_OF_GUARD(true, 4),
    /** Starts where the guard ends, and so at a page. */
    AFTER_GUARD(false, 0),
    /** Starts 4 bytes after the guard: aligned to floats and nothing more. */
    BEYOND_GUARD(false, 4);

    private final boolean before;
    private final long gap;

    Placement(boolean before, long gap) {
      this.before = before;
      this.gap = gap;
    }
  }

  private static final byte PATTERN = (byte) 0xA5;

  /** The pages between the guards, and what of them is the segment. */
  private record Block(MemorySegment mapping, MemorySegment pages, long start, long size) {}

  private final Placement placement;
  private final Arena scope = Arena.ofConfined();
  private final List<Block> blocks = new ArrayList<>();
  private int sealed;

  GuardPageArena(Placement placement) {
    this.placement = placement;
  }

  @Override
  public MemorySegment allocate(long byteSize, long byteAlignment) {
    long bytes = Math.max(1, Math.ceilDiv(byteSize + placement.gap, Pages.SIZE)) * Pages.SIZE;
    MemorySegment mapping = Pages.map(bytes + 2 * Pages.SIZE);
    MemorySegment pages = mapping.asSlice(Pages.SIZE, bytes);
    Pages.makeWritable(pages);
    pages.fill(PATTERN);
    long start = placement.before ? bytes - placement.gap - byteSize : placement.gap;
    MemorySegment segment = pages.asSlice(start, byteSize);
    segment.fill((byte) 0);
    blocks.add(new Block(mapping, pages, start, byteSize));
    return segment.reinterpret(scope, null);
  }

  /** Makes all that has been allocated so far read-only: whoever writes it ends the process. */
  void seal() {
    for (Block block : blocks.subList(sealed, blocks.size())) {
      Pages.makeReadOnly(block.pages());
    }
    sealed = blocks.size();
  }

  @Override
  public MemorySegment.Scope scope() {
    return scope.scope();
  }

  /** Frees everything; an AssertionError if something was written beside a segment. */
  @Override
  public void close() {
    scope.close();
    int damaged = 0;
    for (Block block : blocks) {
      damaged += isIntact(block) ? 0 : 1;
      Pages.unmap(block.mapping());
    }
    if (damaged > 0) {
      throw new AssertionError("something was written beside %d segments".formatted(damaged));
    }
  }

  private static boolean isIntact(Block block) {
    return isPattern(block.pages().asSlice(0, block.start()))
        && isPattern(block.pages().asSlice(block.start() + block.size()));
  }

  private static boolean isPattern(MemorySegment segment) {
    for (long i = 0; i < segment.byteSize(); i++) {
      if (segment.get(ValueLayout.JAVA_BYTE, i) != PATTERN) {
        return false;
      }
    }
    return true;
  }
}
