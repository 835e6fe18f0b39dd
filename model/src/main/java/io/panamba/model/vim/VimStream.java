package io.panamba.model.vim;

import io.panamba.model.architecture.LoadedNetwork;
import io.panamba.model.architecture.StreamOptions;
import io.panamba.model.architecture.StreamedProgram;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.graph.Scratch;
import io.panamba.model.image.ImageSource;
import io.panamba.model.memory.CountingArena;
import io.panamba.model.memory.LongMemory;
import io.panamba.model.vim.VimWeights.Layer;
import io.panamba.model.weights.Affine;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.Pool;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * An image that may be larger than memory: it comes by rows, is embedded strip by strip, and passes
 * the layers tile by tile. Of the whole sequence there is only the residual stream and, in a
 * network of two directions, the scan of one of them; they lie in memory or in a temporary file.
 */
final class VimStream implements StreamedProgram {
  private final VimWeights keys;
  private final VimConfig config;
  private final Mixer mixer;
  private final Device device;
  private final StreamOptions options;
  private final Tiles tiles;
  private final LayerSweeps sweeps;
  private final LayerSweeps.Sequence sequence;
  private final StripEmbedding embedding;
  private final Tensor features;
  private final Tensor logits;

  /** Tokens that have passed a sweep of a layer. */
  private long passed;

  /** Prepares a run of a network, if it can be run in parts. */
  static VimStream of(
      LoadedNetwork<VimConfig> network, StreamOptions options, CountingArena arena) {
    VimConfig sized = network.sized(options.height(), options.width());
    if (network.device().hasOwnMemory()) {
      throw new IllegalArgumentException(
          "a streamed inference works in the host's memory, tile by tile; open the network on a"
              + " processor, not on "
              + network.device().description());
    }
    if (!LayerSweeps.canSweep(sized)) {
      throw new IllegalArgumentException(
          "networks with a rotary embedding or with layers in pairs need whole sequences; plan an"
              + " ordinary inference");
    }
    if (sized.keepsEveryToken()) {
      throw new IllegalArgumentException(
          "with pooling 'max' or 'all' features are those of every token; a streamed inference"
              + " gives one vector");
    }
    VimWeights keys = ((VimNetwork) network.blueprint()).keys();
    if (options.logits() && keys.head() == null) {
      throw new WeightsException("logits are wanted, but the checkpoint has no head.weight");
    }
    return new VimStream(network, keys, sized, options, arena);
  }

  private VimStream(
      LoadedNetwork<VimConfig> network,
      VimWeights keys,
      VimConfig config,
      StreamOptions options,
      CountingArena arena) {
    this.keys = keys;
    this.config = config;
    this.mixer = new Mixer(config, network.weights());
    this.device = network.device();
    this.options = options;
    this.tiles = Tiles.cut(config.length(), options.tile());
    DType type = config.precision().dtype();
    this.sequence = sequence(type, arena);
    boolean keepsX = sequence.x() != null;
    List<Tensor> scratch = new ArrayList<>();
    for (Scratch one : LayerSweeps.scratch(config, tiles, keepsX)) {
      scratch.add(Tensor.allocate(arena, one.exact() ? DType.F32 : type, one.shape()));
    }
    this.sweeps = new LayerSweeps(mixer, tiles, keepsX, scratch);
    this.embedding = new StripEmbedding(network, keys, config, options.tile(), arena);
    this.features = Tensor.allocate(arena, DType.F32, Shape.of(1, config.sizes().dim()));
    this.logits =
        options.logits() ? Tensor.allocate(arena, DType.F32, Shape.of(1, config.classes())) : null;
  }

  /**
   * In float32, x would take two thirds as much again as all the rest, and computing it twice costs
   * a sixth of the time.
   */
  private LayerSweeps.Sequence sequence(DType type, CountingArena arena) {
    boolean keepX = LayerSweeps.keepsX(config, type != DType.F32);
    boolean keepY = LayerSweeps.keepsY(config);
    Shape stream = Shape.of(config.length(), config.sizes().dim());
    Shape inner = Shape.of(config.length(), config.sizes().inner());
    long streamBytes = aligned(stream.elements() * Float.BYTES);
    long innerBytes = aligned(inner.elements() * type.bytes());
    long bytes = streamBytes + (keepX ? innerBytes : 0) + (keepY ? innerBytes : 0);
    MemorySegment memory =
        options.folder().isPresent()
            ? LongMemory.inFile(bytes, options.folder().get(), arena)
            : LongMemory.inMemory(bytes, arena);
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

  @Override
  public long tokens() {
    return config.length();
  }

  @Override
  public long work() {
    return config.length() * config.depth();
  }

  @Override
  public void run(ImageSource source, LongConsumer step) {
    passed = 0;
    embedding.run(source, sequence.stream(), () -> step.accept(0));
    for (int layer = 0; layer < config.depth(); layer++) {
      layer(layer, step);
    }
    read();
  }

  /** One plan for a layer, run tile by tile. */
  private void layer(int index, LongConsumer step) {
    Layer layer = keys.layers().get(index);
    boolean picks = index == config.depth() - 1;
    long wanted = picks ? LayerSweeps.wanted(config) : LayerSweeps.ALL;
    long end = passed + LayerSweeps.sweeps(config) * config.length();
    List<Operation> operations = new ArrayList<>();
    int[] ends = new int[sweeps.steps(wanted)];
    long[] tokens = new long[ends.length];
    for (int i = 0; i < ends.length; i++) {
      tokens[i] = sweeps.write(layer, sequence, wanted, i, operations);
      ends[i] = operations.size();
    }
    try (Plan plan = device.plan(operations)) {
      for (int i = 0; i < ends.length; i++) {
        int first = i == 0 ? 0 : ends[i - 1];
        plan.run(first, ends[i] - first);
        // At the end with those that nobody asked for.
        passed = i == ends.length - 1 ? end : passed + tokens[i];
        step.accept(passed / LayerSweeps.sweeps(config));
      }
    }
  }

  /** Features and logits of the stream, as {@link VimNetwork} reads them. */
  private void read() {
    List<Operation> operations = new ArrayList<>();
    Affine norm = keys.finalNorm();
    Tensor stream = sequence.stream();
    Tensor all = stream.reshape(Shape.of(1, config.length(), config.sizes().dim()));
    long picked = config.pickedToken();
    if (picked >= 0) {
      operations.add(mixer.norm(norm, stream.slice(picked, 1), features));
    } else {
      for (int tile = 0; tile < tiles.count(); tile++) {
        Tensor rows = stream.slice(tiles.start(tile), tiles.size(tile));
        operations.add(mixer.norm(norm, rows, rows));
      }
      VimNetwork.Pooled pooled = VimNetwork.Pooled.of(config);
      operations.add(
          new Pool(Pool.Kind.MEAN, all, pooled.first(), pooled.count(), pooled.step(), features));
    }
    if (logits != null) {
      operations.add(
          Linear.of(
              features,
              mixer.weights().matrix(keys.head()),
              mixer.weights().tensor(keys.headBias()),
              0,
              logits));
    }
    try (Plan plan = device.plan(operations)) {
      plan.run();
    }
  }

  @Override
  public Tensor features() {
    return features;
  }

  @Override
  public Tensor logits() {
    return logits;
  }
}
