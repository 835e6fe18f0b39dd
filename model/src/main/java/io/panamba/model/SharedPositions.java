package io.panamba.model;

import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.Map;

/**
 * The position embeddings of the grids that plans use. Plans of one grid share one; the last to go
 * frees it.
 */
final class SharedPositions {
  private record Grid(int height, int width) {}

  private static final class Entry {
    private final Arena arena;
    private final Tensor tensor;
    private int users;

    Entry(Arena arena, Tensor tensor) {
      this.arena = arena;
      this.tensor = tensor;
    }
  }

  private final float[] trained;
  private final Map<Grid, Entry> entries = new HashMap<>();

  /** Takes (tokens, dim) as trained, or null for none. */
  SharedPositions(float[] trained) {
    this.trained = trained;
  }

  /** The embedding fitted to the grid of a network's images, or null if the network has none. */
  PositionEmbedding fit(VimConfig sized) {
    return trained == null
        ? null
        : new PositionEmbedding(
            trained,
            sized.dim(),
            sized.classToken(),
            sized.gridHeight(),
            sized.gridWidth(),
            sized.positionInterpolation());
  }

  /**
   * Lends the embedding of a grid.
   *
   * @param sized the network with its image size
   * @param user the memory whose end gives it back
   * @return (length, dim), or null if the network has none
   */
  Tensor lend(VimConfig sized, DeviceMemory user) {
    if (trained == null) {
      return null;
    }
    Grid grid = new Grid(sized.gridHeight(), sized.gridWidth());
    synchronized (entries) {
      Entry entry = entries.get(grid);
      if (entry == null) {
        entry = create(sized, user.device());
        entries.put(grid, entry);
      }
      entry.users++;
      user.arena().onClose(() -> giveBack(grid));
      return entry.tensor;
    }
  }

  private Entry create(VimConfig sized, Device device) {
    Arena arena = CountingArena.ofWorkspace();
    try {
      Tensor tensor = device.allocate(arena, DType.F32, Shape.of(sized.length(), sized.dim()));
      try (Arena local = Arena.ofConfined()) {
        Tensor host = device.staging(local, tensor);
        fit(sized).write(0, host);
        device.copy(host, tensor);
      }
      return new Entry(arena, tensor);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  private void giveBack(Grid grid) {
    synchronized (entries) {
      Entry entry = entries.get(grid);
      if (--entry.users == 0) {
        entries.remove(grid);
        entry.arena.close();
      }
    }
  }

  /** The number of grids whose embedding is in memory. */
  int grids() {
    synchronized (entries) {
      return entries.size();
    }
  }
}
