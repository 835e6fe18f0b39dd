package io.panamba.model.block;

import io.panamba.model.memory.CountingArena;
import io.panamba.model.memory.DeviceMemory;
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
public final class SharedPositions {
  private static final class Entry {
    private final Arena arena;
    private final Tensor tensor;
    private int users;

    Entry(Arena arena, Tensor tensor) {
      this.arena = arena;
      this.tensor = tensor;
    }
  }

  /** Fits a trained embedding to a grid. */
  public interface Fit {
    /**
     * Fits it.
     *
     * @param height rows of the grid
     * @param width columns of the grid
     * @return the embedding of that grid
     */
    PositionEmbedding to(int height, int width);
  }

  private final Fit fit;

  /** By rows in the upper half of a number and columns in the lower one. */
  private final Map<Long, Entry> entries = new HashMap<>();

  /**
   * Starts with no grid.
   *
   * @param fit makes an embedding of a grid
   */
  public SharedPositions(Fit fit) {
    this.fit = fit;
  }

  /**
   * Fits the embedding to a grid, for one user.
   *
   * @param height rows
   * @param width columns
   * @return the embedding, not kept
   */
  public PositionEmbedding fit(int height, int width) {
    return fit.to(height, width);
  }

  /**
   * Lends the embedding of a grid, in the memory of a device.
   *
   * @param height rows
   * @param width columns
   * @param user with whose arena the loan ends
   * @return (tokens, dim)
   */
  public Tensor lend(int height, int width, DeviceMemory user) {
    Long grid = (long) height << Integer.SIZE | width;
    synchronized (entries) {
      Entry entry = entries.get(grid);
      if (entry == null) {
        entry = create(height, width, user.device());
        entries.put(grid, entry);
      }
      entry.users++;
      user.arena().onClose(() -> giveBack(grid));
      return entry.tensor;
    }
  }

  private Entry create(int height, int width, Device device) {
    Arena arena = CountingArena.ofWorkspace();
    try {
      PositionEmbedding fitted = fit(height, width);
      Tensor tensor = device.allocate(arena, DType.F32, Shape.of(fitted.tokens(), fitted.dim()));
      try (Arena local = Arena.ofConfined()) {
        Tensor host = device.staging(local, tensor);
        fitted.write(0, host);
        device.copy(host, tensor);
      }
      return new Entry(arena, tensor);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  private void giveBack(Long grid) {
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
