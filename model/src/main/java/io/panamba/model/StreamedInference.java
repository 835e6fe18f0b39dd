package io.panamba.model;

import io.panamba.model.VimWeights.Layer;
import io.panamba.model.VimWeights.NormWeights;
import io.panamba.model.image.ImageSource;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.Linear;
import io.panamba.runtime.Norm;
import io.panamba.runtime.Operation;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A network planned for one image that may be larger than memory: it comes by rows, is embedded
 * strip by strip, and passes the layers tile by tile. Of the whole sequence there is only the
 * residual stream and, in a network of two directions, the scan of one of them; they lie in memory
 * or in a temporary file. Results have the bits of an {@link Inference} of the image.
 *
 * <p>One thread runs it at a time; any thread may close it.
 */
public final class StreamedInference implements AutoCloseable {
  /** Told how far a run is, by the thread that runs, after every tile. */
  @FunctionalInterface
  public interface Progress {
    /**
     * Takes note.
     *
     * @param done tokens that have passed a layer, over all layers
     * @param total of them
     */
    void advanced(long done, long total);
  }

  private final VimConfig config;
  private final VimWeights weights;
  private final Device device;
  private final StreamOptions options;
  private final CountingArena arena;
  private final Tiles tiles;
  private final LayerSweeps sweeps;
  private final LayerSweeps.Sequence sequence;
  private final StripEmbedding embedding;
  private final Tensor features;
  private final Tensor logits;
  private final ReentrantLock running = new ReentrantLock();
  private volatile boolean closing;
  private Progress progress;
  private long tokensDone;

  StreamedInference(
      VimConfig config,
      VimWeights weights,
      PositionEmbedding positions,
      Device device,
      StreamOptions options) {
    this.config = config;
    this.weights = weights;
    this.device = device;
    this.options = options;
    this.tiles = Tiles.of(config.length(), options.tile());
    this.arena = CountingArena.ofWorkspace();
    try {
      DType type = config.precision().dtype();
      this.sequence = sequence(type);
      this.sweeps =
          new LayerSweeps(
              config,
              tiles,
              sequence.x() != null,
              new Activations(new DeviceMemory(device, arena), type));
      this.embedding =
          new StripEmbedding(config, weights, positions, device, options.tile(), arena);
      this.features = Tensor.allocate(arena, DType.F32, Shape.of(1, config.dim()));
      this.logits =
          options.logits()
              ? Tensor.allocate(arena, DType.F32, Shape.of(1, config.classes()))
              : null;
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /**
   * In float32, x would take two thirds as much again as all the rest, and computing it twice costs
   * a sixth of the time.
   */
  private LayerSweeps.Sequence sequence(DType type) {
    boolean keepX = LayerSweeps.keepsX(config, type != DType.F32);
    boolean keepY = LayerSweeps.keepsY(config);
    Shape stream = Shape.of(config.length(), config.dim());
    Shape inner = Shape.of(config.length(), config.inner());
    long streamBytes = aligned(stream.elements() * Float.BYTES);
    long innerBytes = aligned(inner.elements() * type.bytes());
    long bytes = streamBytes + (keepX ? innerBytes : 0) + (keepY ? innerBytes : 0);
    MemorySegment memory =
        options.folder().isPresent()
            ? Workspace.inFile(bytes, options.folder().get(), arena)
            : Workspace.inMemory(bytes, arena);
    return new LayerSweeps.Sequence(
        part(memory, 0, DType.F32, stream),
        keepX ? part(memory, bytes - innerBytes, type, inner) : null,
        keepY ? part(memory, streamBytes, type, inner) : null);
  }

  private static long aligned(long bytes) {
    return Math.ceilDiv(bytes, Tensor.ALIGNMENT) * Tensor.ALIGNMENT;
  }

  private static Tensor part(MemorySegment memory, long offset, DType type, Shape shape) {
    return Tensor.of(memory.asSlice(offset, shape.elements() * type.bytes()), type, shape);
  }

  /**
   * Returns what this was planned for.
   *
   * @return the options
   */
  public StreamOptions options() {
    return options;
  }

  /**
   * Returns the length of the sequence.
   *
   * @return tokens
   */
  public long tokens() {
    return config.length();
  }

  /**
   * Runs the network.
   *
   * @param source an image of the size that this was planned for
   * @param listener told how far the run is
   * @throws io.panamba.model.image.ImageException if the image has another size or can't be read
   * @throws InferenceInterruptedException if the thread is interrupted, which it stays, or this is
   *     closed meanwhile
   * @throws IllegalStateException if this is closed or another thread runs it
   */
  public void run(ImageSource source, Progress listener) {
    if (!running.tryLock()) {
      throw new IllegalStateException("the inference is being run by another thread");
    }
    try {
      if (closing) {
        throw new IllegalStateException("the inference is closed");
      }
      requireSize(source);
      progress = listener;
      tokensDone = 0;
      embedding.run(source, sequence.stream(), this::requireUndisturbed);
      for (int layer = 0; layer < config.depth(); layer++) {
        pass(layer);
      }
      read();
    } finally {
      if (closing) {
        arena.close();
      }
      running.unlock();
    }
  }

  private void requireSize(ImageSource source) {
    if (source.height() != options.height() || source.width() != options.width()) {
      throw new io.panamba.model.image.ImageException(
          "the inference was planned for an image of %d x %d, not %d x %d"
              .formatted(options.height(), options.width(), source.height(), source.width()));
    }
  }

  private void requireUndisturbed() {
    if (closing || Thread.currentThread().isInterrupted()) {
      throw new InferenceInterruptedException(
          "the inference was %s after %d of %d tokens"
              .formatted(closing ? "closed" : "interrupted", done(), total()));
    }
  }

  private long done() {
    return tokensDone / LayerSweeps.sweeps(config);
  }

  private long total() {
    return config.length() * config.depth();
  }

  /** One plan for a layer, run tile by tile. */
  private void pass(int index) {
    Layer layer = weights.layers().get(index);
    boolean picks = index == config.depth() - 1;
    long wanted = picks ? LayerSweeps.wanted(config) : LayerSweeps.ALL;
    long end = tokensDone + LayerSweeps.sweeps(config) * config.length();
    List<Operation> operations = new ArrayList<>();
    int[] ends = new int[sweeps.steps(wanted)];
    long[] tokens = new long[ends.length];
    for (int step = 0; step < ends.length; step++) {
      tokens[step] = sweeps.write(layer, sequence, wanted, step, operations);
      ends[step] = operations.size();
    }
    try (Plan plan = device.plan(operations)) {
      for (int step = 0; step < ends.length; step++) {
        int first = step == 0 ? 0 : ends[step - 1];
        plan.run(first, ends[step] - first);
        // At the end with those that nobody asked for.
        tokensDone = step == ends.length - 1 ? end : tokensDone + tokens[step];
        progress.advanced(done(), total());
        requireUndisturbed();
      }
    }
  }

  /** Features and logits of the stream, as {@link VimNetwork} reads them. */
  private void read() {
    List<Operation> operations = new ArrayList<>();
    NormWeights norm = weights.finalNorm();
    Tensor stream = sequence.stream();
    Tensor all = stream.reshape(Shape.of(1, config.length(), config.dim()));
    long picked = VimNetwork.pickedToken(config);
    if (picked >= 0) {
      operations.add(norm(norm, stream.slice(picked, 1), features));
    } else {
      for (int tile = 0; tile < tiles.count(); tile++) {
        Tensor rows = stream.slice(tiles.start(tile), tiles.size(tile));
        operations.add(norm(norm, rows, rows));
      }
      operations.add(VimNetwork.pool(config, all, features));
    }
    if (logits != null) {
      operations.add(Linear.of(features, weights.head(), weights.headBias(), 0, logits));
    }
    try (Plan plan = device.plan(operations)) {
      plan.run();
    }
  }

  private Operation norm(NormWeights norm, Tensor rows, Tensor out) {
    return Norm.of(VimNetwork.kind(config), rows, norm.weight(), norm.bias(), VimConfig.EPS, out);
  }

  /**
   * Returns the features of the last run: what the head sees.
   *
   * @return (1, dim)
   */
  public Tensor features() {
    return features;
  }

  /**
   * Returns the logits of the last run.
   *
   * @return (1, classes)
   * @throws IllegalStateException if they were not asked for
   */
  public Tensor logits() {
    if (logits == null) {
      throw new IllegalStateException("logits were not asked for when the inference was planned");
    }
    return logits;
  }

  /**
   * Checks the features and logits of the last run. A run itself checks nothing.
   *
   * @throws NonFiniteException if a number is NaN or infinite; the message names the tensor
   */
  public void requireFinite() {
    if (logits != null) {
      NonFiniteException.checkResults("logits", logits);
    }
    NonFiniteException.checkResults("features", features);
  }

  /**
   * Returns the memory that this inference takes beside the weights, a temporary file excluded.
   *
   * @return bytes
   */
  public long workspaceBytes() {
    return arena.bytes();
  }

  /**
   * Frees memory and temporary file; waits for a run that is under way, which ends early. A second
   * close does nothing.
   */
  @Override
  public void close() {
    closing = true;
    if (running.isHeldByCurrentThread()) {
      // Called by the run's own progress: the run frees when it ends.
      return;
    }
    running.lock();
    try {
      arena.close();
    } finally {
      running.unlock();
    }
  }
}
