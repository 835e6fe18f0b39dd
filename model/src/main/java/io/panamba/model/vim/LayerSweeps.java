package io.panamba.model.vim;

import io.panamba.model.graph.Scratch;
import io.panamba.model.vim.VimWeights.Branch;
import io.panamba.model.vim.VimWeights.Layer;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.CausalConv;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.SelectiveScan;
import io.panamba.runtime.operation.Together;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * Writes layers as sweeps over the tiles of a long sequence, so that whatever is not handed from
 * tile to tile has the size of one and stays in the cache.
 *
 * <p>One sweep goes from the first tile to the last with the forward direction, the other back with
 * the backward direction; each hands itself the state of the scan from tile to tile. They meet in
 * the middle: whichever comes to a tile first leaves its scan in y, and the one that comes second
 * adds its own, gates the sum and adds the mixer's output to the residual stream. So the two have
 * always the same work to do, on tiles that do not touch, and run together: of two threads, each
 * has a sweep, and reads what the other has written only from the middle on. In Vim's first
 * version, where both directions share one convolution, the backward sweep follows the forward one;
 * a network of one direction has one sweep. The bits are those of {@link VimNetwork}'s operations
 * on whole sequences.
 *
 * <p>The convolution looks at the rows of x beyond a tile's border. Where x is kept for the whole
 * sequence, they are there; otherwise each sweep computes the x of a tile anew and leaves the rows
 * at its border for the next tile: by then the residual stream there may have changed.
 */
final class LayerSweeps {
  /** Every token of a layer's output is wanted: {@link VimConfig#pickedToken} says the same. */
  static final long ALL = -1;

  /**
   * What a sequence has for its whole length.
   *
   * @param stream the residual stream, (length, dim)
   * @param x (length, inner), if {@link #keepsX}, otherwise null
   * @param y (length, inner), if {@link #keepsY}, otherwise null
   */
  record Sequence(Tensor stream, Tensor x, Tensor y) {}

  private final Mixer mixer;
  private final VimConfig config;
  private final Tiles tiles;
  private final boolean keepsX;
  private final int border;
  private final Buffers forward;
  private final Buffers backward;

  /**
   * Prepares sweeps.
   *
   * @param keepX whether x is kept where both sweeps need it, rather than computed twice
   * @param memory of {@link #scratch}
   */
  LayerSweeps(Mixer mixer, Tiles tiles, boolean keepX, List<Tensor> memory) {
    this.mixer = mixer;
    this.config = mixer.config();
    this.tiles = tiles;
    this.keepsX = keepsX(config, keepX);
    this.border = config.sizes().kernel() - 1;
    Iterator<Tensor> tensors = memory.iterator();
    this.forward = new Buffers(tensors);
    this.backward = meets(config) ? new Buffers(tensors) : forward;
  }

  /** What one tile of each sweep needs. */
  static List<Scratch> scratch(VimConfig config, Tiles tiles, boolean keepX) {
    VimSizes sizes = config.sizes();
    long rows = tiles.largest();
    long inner = sizes.inner();
    List<Scratch> one = new ArrayList<>();
    one.add(Scratch.of(rows, sizes.dim()));
    if (!keepsX(config, keepX)) {
      one.add(Scratch.of(rows + sizes.kernel() - 1, inner));
    }
    one.add(Scratch.of(rows, inner));
    one.add(Scratch.of(rows, inner));
    one.add(Scratch.exact(rows, sizes.dtRank() + 2L * sizes.states()));
    if (!keepsY(config)) {
      one.add(Scratch.of(rows, inner));
    }
    one.add(Scratch.exact(1, sizes.states(), inner));
    one.add(Scratch.exact(1, sizes.states(), inner));
    List<Scratch> all = new ArrayList<>(one);
    if (meets(config)) {
      all.addAll(one);
    }
    return all;
  }

  /** What a sweep needs for the tile that it is at. */
  private final class Buffers {
    final Tensor normed;
    final Tensor x;
    final Tensor u;
    final Tensor gate;
    final Tensor projected;
    final Tensor scanned;
    final Tensor[] states;

    /** Takes tensors in the order of {@link #scratch}. */
    Buffers(Iterator<Tensor> tensors) {
      normed = tensors.next();
      x = keepsX ? null : tensors.next();
      u = tensors.next();
      gate = tensors.next();
      projected = tensors.next();
      scanned = keepsY(config) ? null : tensors.next();
      states = new Tensor[] {tensors.next(), tensors.next()};
    }
  }

  /**
   * Writes all layers of a batch, one image after the other.
   *
   * @param stream (batch, length, dim)
   * @param x as in {@link Sequence}
   * @param y as in {@link Sequence}
   * @param picks whether of the last layer only {@link #wanted} is wanted
   */
  void writeAll(
      List<Layer> layers,
      Tensor stream,
      Tensor x,
      Tensor y,
      boolean picks,
      List<Operation> operations) {
    for (long i = 0; i < stream.shape().size(0); i++) {
      Tensor rows =
          stream.slice(i, 1).reshape(Shape.of(stream.shape().size(1), stream.shape().size(2)));
      for (int l = 0; l < layers.size(); l++) {
        long wanted = picks && l == layers.size() - 1 ? wanted(config) : ALL;
        write(layers.get(l), new Sequence(rows, x, y), wanted, operations);
      }
    }
  }

  /** Whether layers can be written as sweeps at all. */
  static boolean canSweep(VimConfig config) {
    return !config.hasRotary() && !config.has(VimTrait.LAYER_BIDIRECTIONAL);
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

  /** Whether the sweeps run at the same time, towards each other. */
  private static boolean meets(VimConfig config) {
    return config.bimamba() == Bimamba.V2;
  }

  /** The number of times that a layer comes to a tile. */
  static int sweeps(VimConfig config) {
    return keepsY(config) ? 2 : 1;
  }

  /**
   * The one token that is wanted of the last layer's output, or {@link #ALL}. Each sweep then ends
   * with its tile, and the others are neither gated nor projected. In Vim's first version the
   * second sweep would lack rows of x that the first has not come to.
   */
  static long wanted(VimConfig config) {
    return config.bimamba() == Bimamba.V1 ? ALL : config.pickedToken();
  }

  /** The number of tiles that the forward sweep comes to for the sake of a token, or of all. */
  private int forwardTiles(long wanted) {
    return wanted == ALL ? tiles.count() : tiles.tileOf(wanted) + 1;
  }

  private int backwardTiles(long wanted) {
    if (!keepsY(config)) {
      return 0;
    }
    return wanted == ALL ? tiles.count() : tiles.count() - tiles.tileOf(wanted);
  }

  /** The number of steps of a layer: a tile of one sweep each, or of both. */
  int steps(long wanted) {
    int there = forwardTiles(wanted);
    int back = backwardTiles(wanted);
    return meets(config) ? Math.max(there, back) : there + back;
  }

  /** Writes a layer: all its steps. */
  void write(Layer layer, Sequence sequence, long wanted, List<Operation> operations) {
    for (int step = 0; step < steps(wanted); step++) {
      write(layer, sequence, wanted, step, operations);
    }
  }

  /**
   * Writes one step of a layer; they run in order.
   *
   * @return how many tokens a sweep passes in it, those of two sweeps added
   */
  long write(Layer layer, Sequence sequence, long wanted, int step, List<Operation> operations) {
    int there = step;
    int back = meets(config) ? step : step - forwardTiles(wanted);
    List<Operation> first = new ArrayList<>();
    List<Operation> second = new ArrayList<>();
    long tokens = 0;
    if (there < forwardTiles(wanted)) {
      Visit visit = new Visit(layer, sequence, wanted, false, there, first);
      visit.write();
      tokens += visit.size;
    }
    if (back >= 0 && back < backwardTiles(wanted)) {
      Visit visit = new Visit(layer, sequence, wanted, true, back, second);
      visit.write();
      tokens += visit.size;
    }
    if (first.size() == second.size() && there != tiles.count() - 1 - back) {
      for (int i = 0; i < first.size(); i++) {
        operations.add(new Together(first.get(i), second.get(i)));
      }
    } else {
      operations.addAll(first);
      operations.addAll(second);
    }
    return tokens;
  }

  private static Tensor rows(Tensor tensor, long first, long count) {
    return tensor.slice(first, count).reshape(Shape.of(1, count, tensor.shape().size(1)));
  }

  /** One tile of one sweep of one layer. */
  private final class Visit {
    private final Layer layer;
    private final Sequence sequence;
    private final boolean back;
    private final Buffers buffers;

    /** The other sweep has been here: x and its scan are there. */
    private final boolean second;

    /** The mixer's output is made here. */
    private final boolean last;

    private final int step;
    private final List<Operation> operations;
    private final long start;
    private final long size;

    /**
     * Describes a visit.
     *
     * @param step counts the sweep's own tiles
     */
    Visit(
        Layer layer,
        Sequence sequence,
        long wanted,
        boolean back,
        int step,
        List<Operation> operations) {
      int tile = back ? tiles.count() - 1 - step : step;
      int others = tiles.count() - 1 - step;
      boolean common = wanted == ALL || tile == tiles.tileOf(wanted);
      boolean later = meets(config) ? (back ? others <= step : others < step) : back;
      this.second = keepsY(config) && common && later;
      this.last = common && (second || !keepsY(config));
      this.layer = layer;
      this.sequence = sequence;
      this.back = back;
      this.buffers = back ? backward : forward;
      this.step = step;
      this.operations = operations;
      this.start = tiles.start(tile);
      this.size = tiles.size(tile);
    }

    void write() {
      Tensor stream = rows(sequence.stream(), start, size);
      operations.add(mixer.norm(layer.norm(), stream, tileOf(buffers.normed)));
      Branch branch = back ? layer.backward() : layer.forward();
      convolve(branch);
      operations.add(mixer.projected(branch, tileOf(buffers.u), tileOf(buffers.projected)));
      if (last) {
        operations.add(mixer.gate(layer, tileOf(buffers.normed), tileOf(buffers.gate)));
      }
      Tensor y = keepsY(config) ? rows(sequence.y(), start, size) : tileOf(buffers.scanned);
      scan(branch, y);
      if (last) {
        operations.add(mixer.out(layer, y, 1, stream));
      }
    }

    private Tensor tileOf(Tensor buffer) {
      return rows(buffer, 0, size);
    }

    private void convolve(Branch branch) {
      // The backward direction of Vim's first version shares the forward convolution.
      boolean forward = !back || config.bimamba() == Bimamba.V1;
      CausalConv.Direction direction = mixer.conv(branch, tileOf(buffers.u));
      Columns x;
      long first;
      if (keepsX) {
        if (!second) {
          x(0, size, rows(sequence.x(), start, size));
        }
        x = Columns.of(rows(sequence.x(), 0, tiles.length()));
        first = start;
      } else {
        long known = step == 0 ? 0 : border;
        long place = back ? tiles.largest() - size : border;
        x(0, size, rows(buffers.x, place, size));
        x = Columns.of(rows(buffers.x, back ? place : place - known, size + known));
        first = back ? 0 : known;
      }
      operations.add(
          new CausalConv(x, first, size, forward ? direction : null, forward ? null : direction));
      if (!keepsX && step < tiles.count() - 1) {
        x(back ? 0 : size - border, border, rows(buffers.x, back ? tiles.largest() : 0, border));
      }
    }

    /** Computes x of rows of the normed tile. */
    private void x(long from, long count, Tensor out) {
      operations.add(mixer.x(layer, rows(buffers.normed, from, count), out));
    }

    private void scan(Branch branch, Tensor y) {
      Tensor before = step == 0 ? null : buffers.states[step % 2];
      Tensor after = step == tiles.count() - 1 ? null : buffers.states[(step + 1) % 2];
      SelectiveScan.Direction direction =
          mixer.scan(branch, tileOf(buffers.u), tileOf(buffers.projected), before, after);
      operations.add(
          new SelectiveScan(
              back ? null : direction,
              back ? direction : null,
              last ? Columns.of(tileOf(buffers.gate)) : null,
              last ? mixer.scale() : 1,
              null,
              0,
              second,
              y));
    }
  }
}
