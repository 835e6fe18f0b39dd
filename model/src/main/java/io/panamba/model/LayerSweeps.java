package io.panamba.model;

import io.panamba.model.VimWeights.Branch;
import io.panamba.model.VimWeights.Layer;
import io.panamba.runtime.CausalConv;
import io.panamba.runtime.Columns;
import io.panamba.runtime.Linear;
import io.panamba.runtime.Norm;
import io.panamba.runtime.Operation;
import io.panamba.runtime.SelectiveScan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.util.List;

/**
 * Writes layers as sweeps over the tiles of a long sequence, so that whatever is not handed from
 * tile to tile has the size of one and stays in the cache.
 *
 * <p>The first sweep goes from the first tile to the last with the forward direction, and leaves
 * its scan in y. The second goes back with the backward direction, adds its scan, gates the sum and
 * adds the mixer's output to the residual stream. Each is handed the state of the scan from tile to
 * tile. A network of one direction needs the first sweep alone. The bits are those of {@link
 * VimNetwork}'s operations on whole sequences.
 *
 * <p>The convolution looks at the rows of x beyond a tile's border. Where x is kept for the whole
 * sequence, they are there; otherwise each sweep computes the x of a tile anew and leaves the rows
 * at its border for the next tile: by then the residual stream there may have changed.
 */
final class LayerSweeps {
  /** Every token of a layer's output is wanted. */
  static final long ALL = -1;

  /** A tile shorter than a kernel would not hold the rows that the next one's needs. */
  static final int SMALLEST_TILE = 2 * CausalConv.MAX_KERNEL;

  /**
   * What a sequence has for its whole length.
   *
   * @param stream the residual stream, (length, dim)
   * @param x (length, inner), if {@link #keepsX}, otherwise null
   * @param y (length, inner), if {@link #keepsY}, otherwise null
   */
  record Sequence(Tensor stream, Tensor x, Tensor y) {}

  private final VimConfig config;
  private final Tiles tiles;
  private final boolean keepsX;
  private final int border;
  private final Tensor normed;
  private final Tensor xTile;
  private final Tensor u;
  private final Tensor gate;
  private final Tensor projected;
  private final Tensor scanned;
  private final Tensor[] states;

  /**
   * Allocates what one tile needs.
   *
   * @param keepX whether x is kept where both sweeps need it, rather than computed twice
   */
  LayerSweeps(VimConfig config, Tiles tiles, boolean keepX, Activations activations) {
    this.config = config;
    this.tiles = tiles;
    this.keepsX = keepsX(config, keepX);
    this.border = config.kernel() - 1;
    long rows = tiles.largest();
    long inner = config.inner();
    normed = activations.tensor(rows, config.dim());
    xTile = keepsX ? null : activations.tensor(rows + border, inner);
    u = activations.tensor(rows, inner);
    gate = activations.tensor(rows, inner);
    projected = activations.exact(rows, config.dtRank() + 2L * config.states());
    scanned = keepsY(config) ? null : activations.tensor(rows, inner);
    states =
        new Tensor[] {
          activations.exact(1, config.states(), inner), activations.exact(1, config.states(), inner)
        };
  }

  /** Whether layers can be written as sweeps at all. */
  static boolean canSweep(VimConfig config) {
    return !config.rope() && !config.layerBidirectional();
  }

  /**
   * Whether a sequence needs x. In Vim's first version the second sweep convolves forward, from
   * rows that it has not come to.
   */
  static boolean keepsX(VimConfig config, boolean keepX) {
    return switch (config.bimamba()) {
      case NONE -> false;
      case V1 -> true;
      case V2 -> keepX;
    };
  }

  /** Whether a sequence needs y, to hold one direction's scan until the other's comes by. */
  static boolean keepsY(VimConfig config) {
    return config.bimamba() != Bimamba.NONE;
  }

  /** The number of sweeps of a layer. */
  static int sweeps(VimConfig config) {
    return keepsY(config) ? 2 : 1;
  }

  /**
   * The one token that is wanted of the last layer's output, or {@link #ALL}. Each sweep then ends
   * with its tile, and the others are neither gated nor projected. In Vim's first version the
   * second sweep would lack rows of x that the first has not come to.
   */
  static long wanted(VimConfig config) {
    return config.bimamba() == Bimamba.V1 ? ALL : VimNetwork.pickedToken(config);
  }

  /** The number of tiles that a sweep comes to for the sake of a token, or of {@link #ALL}. */
  int steps(int sweep, long wanted) {
    if (wanted == ALL) {
      return tiles.count();
    }
    return sweep == 0 ? tiles.of(wanted) + 1 : tiles.count() - tiles.of(wanted);
  }

  /** Writes a layer: every tile of every sweep. */
  void write(Layer layer, Sequence sequence, long wanted, List<Operation> operations) {
    for (int sweep = 0; sweep < sweeps(config); sweep++) {
      for (int step = 0; step < steps(sweep, wanted); step++) {
        write(layer, sequence, wanted, sweep, step, operations);
      }
    }
  }

  /** Writes one tile: the first, second, ... that a sweep comes to. */
  void write(
      Layer layer,
      Sequence sequence,
      long wanted,
      int sweep,
      int step,
      List<Operation> operations) {
    new Tile(layer, sequence, wanted, sweep == 1, step, operations).write();
  }

  private static Tensor rows(Tensor tensor, long first, long count) {
    return tensor.slice(first, count).reshape(Shape.of(1, count, tensor.shape().size(1)));
  }

  /** One tile of one sweep of one layer. */
  private final class Tile {
    private final Layer layer;
    private final Sequence sequence;
    private final boolean back;

    /** This tile lies behind that of the wanted token, so that the first sweep left it out. */
    private final boolean beyond;

    /** The mixer's output is made here. */
    private final boolean last;

    private final int step;
    private final List<Operation> operations;
    private final long start;
    private final long size;

    Tile(
        Layer layer,
        Sequence sequence,
        long wanted,
        boolean back,
        int step,
        List<Operation> operations) {
      int tile = back ? tiles.count() - 1 - step : step;
      this.beyond = wanted != ALL && tile > tiles.of(wanted);
      this.last = (back || !keepsY(config)) && (wanted == ALL || tile == tiles.of(wanted));
      this.layer = layer;
      this.sequence = sequence;
      this.back = back;
      this.step = step;
      this.operations = operations;
      this.start = tiles.start(tile);
      this.size = tiles.size(tile);
    }

    void write() {
      Tensor stream = rows(sequence.stream(), start, size);
      operations.add(
          Norm.of(
              VimNetwork.kind(config),
              stream,
              layer.norm().weight(),
              layer.norm().bias(),
              VimConfig.EPS,
              rows(normed, 0, size)));
      Branch branch = back ? layer.backward() : layer.forward();
      convolve(branch);
      operations.add(Linear.of(tileOf(u), branch.projection(), null, 0, tileOf(projected)));
      if (last) {
        operations.add(VimNetwork.gate(tileOf(normed), layer, tileOf(gate)));
      }
      Tensor y = keepsY(config) ? rows(sequence.y(), start, size) : tileOf(scanned);
      scan(branch, y);
      if (last) {
        operations.add(Linear.of(y, layer.outProjection(), layer.outBias(), 1, stream));
      }
    }

    private Tensor tileOf(Tensor buffer) {
      return rows(buffer, 0, size);
    }

    private void convolve(Branch branch) {
      // The backward direction of Vim's first version shares the forward convolution.
      boolean forward = !back || config.bimamba() == Bimamba.V1;
      CausalConv.Direction direction = VimNetwork.conv(branch, tileOf(u));
      Columns x;
      long first;
      if (keepsX) {
        if (!back || beyond) {
          x(0, size, rows(sequence.x(), start, size));
        }
        x = Columns.of(rows(sequence.x(), 0, tiles.length()));
        first = start;
      } else {
        long known = step == 0 ? 0 : border;
        long place = back ? tiles.largest() - size : border;
        x(0, size, rows(xTile, place, size));
        x = Columns.of(rows(xTile, back ? place : place - known, size + known));
        first = back ? 0 : known;
      }
      operations.add(
          new CausalConv(x, first, size, forward ? direction : null, forward ? null : direction));
      if (!keepsX && step < tiles.count() - 1) {
        x(back ? 0 : size - border, border, rows(xTile, back ? tiles.largest() : 0, border));
      }
    }

    /** Computes x of rows of the normed tile. */
    private void x(long from, long count, Tensor out) {
      operations.add(
          Linear.of(rows(normed, from, count), layer.xProjection(), layer.xBias(), 0, out));
    }

    private void scan(Branch branch, Tensor y) {
      Tensor before = step == 0 ? null : states[step % 2];
      Tensor after = step == tiles.count() - 1 ? null : states[(step + 1) % 2];
      SelectiveScan.Direction direction =
          VimNetwork.direction(branch, tileOf(u), tileOf(projected), before, after);
      operations.add(
          new SelectiveScan(
              back ? null : direction,
              back ? direction : null,
              last ? Columns.of(tileOf(gate)) : null,
              last ? VimNetwork.scale(config) : 1,
              back,
              y));
    }
  }
}
