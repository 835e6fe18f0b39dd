package io.panamba.model;

import io.panamba.model.graph.Activations;
import io.panamba.model.graph.DeviceMemory;
import io.panamba.model.graph.HostCopies;
import io.panamba.model.block.ClassToken;
import io.panamba.model.block.Pooling;
import io.panamba.model.VimWeights.Branch;
import io.panamba.model.VimWeights.Layer;
import io.panamba.model.VimWeights.NormWeights;
import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.CausalConv;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Copy;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Norm;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.PatchEmbedding;
import io.panamba.runtime.operation.Pool;
import io.panamba.runtime.operation.Rotary;
import io.panamba.runtime.operation.SelectiveScan;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes a Vim network as operations (Vim section 3 and algorithm 1).
 *
 * <p>The residual stream stays in one tensor. Where nothing else needs a mixer's output, out_proj
 * adds it to the stream itself; otherwise the output stays apart and the next norm adds it. Both
 * ways round once, to the same bits.
 *
 * <p>The backward direction walks the same tensors from the end. A layer that runs backward as a
 * whole ({@code if_bidirectional}) is its forward self with the roles of the two directions
 * exchanged.
 */
final class VimNetwork {
  private final VimConfig config;
  private final VimWeights weights;
  private final InferenceOptions options;
  private final DeviceMemory memory;
  private final long batch;
  private final long length;
  private final List<Operation> operations = new ArrayList<>();
  private final Map<String, Tensor> taps = new LinkedHashMap<>();

  private final Activations activations;
  private final Tensor image;

  /** The image where the host writes it; on a device with memory of its own, a copy. */
  private final Tensor pixels;

  private final Tensor stream;

  /** How layers are written over tiles of a long sequence, or null for whole sequences. */
  private final LayerSweeps sweeps;

  // Null with sweeps, which have their own for one tile.
  private final Tensor normed;
  private final Tensor x;

  /** silu(z) */
  private final Tensor gate;

  private final Tensor uForward;
  private final Tensor uBackward;
  private final Tensor projectedForward;
  private final Tensor projectedBackward;
  private final Tensor scanned;

  /** A mixer's output on its way to the stream, where it can't be added at once; otherwise null. */
  private final Tensor hidden;

  private Tensor rotaryCos;
  private Tensor rotarySin;
  private long rotaryFirst;

  /** A mixer's output that has yet to be added to the stream, or null. */
  private Tensor pending;

  /** What the stream is multiplied by when the pending output is added. */
  private float pendingScale = 1;

  private Tensor tokens;
  private Tensor features;
  private Tensor logits;

  /** The config is that of the images to run, not of the trained ones. */
  VimNetwork(
      VimConfig config,
      VimWeights weights,
      InferenceOptions options,
      Tensor positions,
      DeviceMemory memory) {
    this.config = config;
    this.weights = weights;
    this.options = options;
    this.memory = memory;
    this.batch = options.batch();
    this.length = config.length();
    long inner = config.inner();
    image = tensor(batch, config.colours(), config.imageHeight(), config.imageWidth());
    pixels = memory.staging(image);
    stream = tensor(batch, length, config.dim());
    activations = new Activations(memory, config.precision().dtype());
    sweeps = sweeps();
    normed = whole(config.dim());
    x = whole(inner);
    gate = whole(inner);
    uForward = whole(inner);
    uBackward = whole(inner);
    long projected = config.dtRank() + 2L * config.states();
    projectedForward = sweeps == null ? tensor(batch, length, projected) : null;
    projectedBackward = sweeps == null ? tensor(batch, length, projected) : null;
    scanned = whole(inner);
    hidden =
        config.rope() || config.layerBidirectional() ? tensor(batch, length, config.dim()) : null;
    if (pixels != image) {
      operations.add(new Copy(pixels, image));
    }
    embed(positions);
    blocks();
    finish();
    handOver();
  }

  private Tensor tensor(long... sizes) {
    return memory.tensor(DType.F32, sizes);
  }

  /** Allocates what layers need of whole sequences, unless they are written as sweeps. */
  private Tensor whole(long width) {
    return sweeps == null ? activations.tensor(batch, length, width) : null;
  }

  /** Work in pieces is for caches: a device with memory of its own is faster on everything. */
  private boolean whole() {
    return memory.device().hasOwnMemory();
  }

  private LayerSweeps sweeps() {
    Tiles tiles = Tiles.of(length, options.tile());
    return tiles.count() == 1 || whole() || options.taps() || !LayerSweeps.canSweep(config)
        ? null
        : new LayerSweeps(config, tiles, true, activations);
  }

  private Tensor tap(String name) {
    Tensor tensor = tensor(batch, length, config.dim());
    taps.put(name, tensor);
    return tensor;
  }

  private void embed(Tensor positions) {
    embedInto(stream, positions);
    if (options.taps()) {
      embedInto(tap("embed"), positions);
    }
  }

  private void embedInto(Tensor out, Tensor positions) {
    operations.add(
        new PatchEmbedding(
            image,
            weights.projection(),
            weights.projectionBias(),
            positions,
            weights.classTokens(),
            VimWeights.classIndex(config),
            config.patch(),
            config.stride(),
            out));
  }

  private void blocks() {
    if (config.rope()) {
      prepareRotary();
    }
    List<Layer> layers = weights.layers();
    if (sweeps != null) {
      sweep(layers);
    } else if (config.layerBidirectional()) {
      // An odd last layer is unused, as in the original loop over pairs.
      for (int i = 0; i + 1 < layers.size(); i += 2) {
        rotate(i);
        pair(layers.get(i), layers.get(i + 1), output(i));
      }
    } else {
      int whole = picksEarly() ? layers.size() - 1 : layers.size();
      for (int i = 0; i < whole; i++) {
        rotate(i);
        single(layers.get(i), output(i));
      }
    }
  }

  /** Images run one after the other, in the same memory but for the residual stream. */
  private void sweep(List<Layer> layers) {
    long inner = config.inner();
    Tensor x = LayerSweeps.keepsX(config, true) ? activations.tensor(length, inner) : null;
    Tensor y = LayerSweeps.keepsY(config) ? activations.tensor(length, inner) : null;
    for (long i = 0; i < batch; i++) {
      Tensor rows = stream.slice(i, 1).reshape(Shape.of(length, config.dim()));
      for (int l = 0; l < layers.size(); l++) {
        boolean picks = l == layers.size() - 1 && !options.tokens();
        long wanted = picks ? LayerSweeps.wanted(config) : LayerSweeps.ALL;
        sweeps.write(layers.get(l), new LayerSweeps.Sequence(rows, x, y), wanted, operations);
      }
    }
  }

  /** Where layer i leaves its mixer's output if it has to stay apart from the stream, or null. */
  private Tensor output(int i) {
    return options.taps() ? tap("layers." + i) : hidden;
  }

  /**
   * Before every layer the rotary embedding turns the last mixer's output and, as an option, the
   * stream that it has yet to join.
   */
  private void rotate(int layer) {
    if (!config.rope()) {
      return;
    }
    if (layer == 0) {
      operations.add(new Rotary(stream, rotaryCos, rotarySin, rotaryFirst, stream));
      return;
    }
    operations.add(new Rotary(pending, rotaryCos, rotarySin, rotaryFirst, hidden));
    pending = hidden;
    if (config.ropeResidual()) {
      operations.add(new Rotary(stream, rotaryCos, rotarySin, rotaryFirst, stream));
    }
  }

  /**
   * An odd number of tokens leaves token 0 alone, wherever the class token is: so the original
   * does.
   */
  private void prepareRotary() {
    long positions = config.patches();
    rotaryFirst = length % 2;
    if (length - rotaryFirst != positions) {
      throw new WeightsException(
          "a rotary embedding of %d patches does not fit a sequence of %d tokens"
              .formatted(positions, length));
    }
    RotaryEmbedding.Tables tables = weights.rotary();
    if (tables.cos().length != positions * config.dim()) {
      tables = RotaryEmbedding.of(config.gridHeight(), config.gridWidth(), config.dim());
    }
    Shape shape = Shape.of(positions, config.dim());
    rotaryCos = memory.of(shape, tables.cos());
    rotarySin = memory.of(shape, tables.sin());
  }

  /** r' = r + mixer(norm(r)) */
  private void single(Layer layer, Tensor out) {
    norm(layer.norm(), normed);
    mix(layer, false);
    project(layer, out == null ? 1 : 0, out == null ? stream : out);
    pending = out;
    pendingScale = 1;
  }

  /**
   * Both layers see r; each hands r on, so that r' = 2 r + mixer(norm(r)) + mixer of the reversed
   * sequence, reversed back.
   */
  private void pair(Layer forward, Layer backward, Tensor out) {
    norm(forward.norm(), normed);
    mix(forward, false);
    project(forward, 0, out);
    norm(backward.norm(), normed);
    mix(backward, true);
    project(backward, 1, out);
    pending = out;
    pendingScale = 2;
  }

  static Norm.Kind kind(VimConfig config) {
    return config.layerNorm() ? Norm.Kind.LAYER : Norm.Kind.RMS;
  }

  /** Brings the stream up to date and normalises it. */
  private void norm(NormWeights norm, Tensor out) {
    operations.add(
        new Norm(
            kind(config),
            stream,
            pending,
            pendingScale,
            norm.weight(),
            norm.bias(),
            VimConfig.EPS,
            out));
    pending = null;
    pendingScale = 1;
  }

  private void project(Layer layer, float accumulate, Tensor out) {
    operations.add(Linear.of(scanned, layer.outProjection(), layer.outBias(), accumulate, out));
  }

  /** From the normed stream to the scans' gated sum. */
  private void mix(Layer layer, boolean reversed) {
    operations.add(Linear.of(normed, layer.xProjection(), layer.xBias(), 0, x));
    operations.add(gate(normed, layer, gate));
    boolean shared = config.bimamba() == Bimamba.V1;
    CausalConv.Direction firstConv = conv(layer.forward(), uForward);
    CausalConv.Direction secondConv =
        layer.backward() == null || shared ? null : conv(layer.backward(), uBackward);
    operations.add(
        CausalConv.of(
            Columns.of(x), reversed ? secondConv : firstConv, reversed ? firstConv : secondConv));
    operations.add(Linear.of(uForward, layer.forward().projection(), null, 0, projectedForward));
    if (secondConv != null) {
      operations.add(
          Linear.of(uBackward, layer.backward().projection(), null, 0, projectedBackward));
    }
    SelectiveScan.Direction first = direction(layer.forward(), uForward, projectedForward);
    SelectiveScan.Direction second =
        layer.backward() == null
            ? null
            : shared
                ? direction(layer.backward(), uForward, projectedForward)
                : direction(layer.backward(), uBackward, projectedBackward);
    operations.add(
        new SelectiveScan(
            reversed ? second : first,
            reversed ? first : second,
            Columns.of(gate),
            scale(config),
            false,
            scanned));
  }

  /** silu(z), z being the second half of in_proj. */
  static Linear gate(Tensor normed, Layer layer, Tensor out) {
    return new Linear(
        Columns.of(normed),
        layer.zProjection(),
        layer.zBias(),
        0,
        Linear.Activation.SILU,
        Columns.of(out));
  }

  static CausalConv.Direction conv(Branch branch, Tensor out) {
    return new CausalConv.Direction(branch.convWeight(), branch.convBias(), out);
  }

  private static SelectiveScan.Direction direction(Branch branch, Tensor u, Tensor projected) {
    return direction(branch, u, projected, null, null);
  }

  static SelectiveScan.Direction direction(
      Branch branch, Tensor u, Tensor projected, Tensor initialState, Tensor finalState) {
    return new SelectiveScan.Direction(
        u,
        projected,
        branch.dtWeight(),
        branch.dtBias(),
        branch.a(),
        branch.d(),
        initialState,
        finalState);
  }

  /** What the sum of the directions is multiplied by. */
  static float scale(VimConfig config) {
    return config.bimamba() == Bimamba.V2 && config.divideOut() ? 0.5f : 1;
  }

  private void finish() {
    NormWeights norm = weights.finalNorm();
    boolean all =
        config.classToken() == ClassToken.NONE
            && (config.pooling() == Pooling.MAX || config.pooling() == Pooling.ALL);
    long picked = pickedToken(config);
    if (picked >= 0 && pending == null && !options.tokens()) {
      // One token is wanted: only that is normalised.
      Tensor one = tensor(batch, config.dim());
      features = tensor(batch, config.dim());
      if (picksEarly()) {
        lastLayer(picked, one);
      } else {
        operations.add(new Pool(Pool.Kind.MEAN, stream, picked, 1, 1, one));
      }
      operations.add(
          Norm.of(kind(config), one, norm.weight(), norm.bias(), VimConfig.EPS, features));
    } else {
      // Nothing reads the stream after the last norm, so that its tokens may take its place.
      tokens =
          options.taps()
              ? tap("norm_f")
              : pending == null ? stream : tensor(batch, length, config.dim());
      norm(norm, tokens);
      features = all ? tokens : tensor(batch, config.dim());
      if (!all) {
        operations.add(pool(config, tokens, features));
      }
    }
    if (options.logits()) {
      head();
    }
  }

  /**
   * Whether one token is wanted and nothing of the others: the last layer then runs for it alone.
   */
  private boolean picksEarly() {
    return pickedToken(config) >= 0
        && sweeps == null
        && !whole()
        && hidden == null
        && !options.tokens()
        && !options.taps()
        && !weights.layers().isEmpty();
  }

  private void lastLayer(long picked, Tensor one) {
    long inner = config.inner();
    LastLayer.Workspace work =
        new LastLayer.Workspace(
            normed,
            x,
            uForward,
            uBackward,
            projectedForward,
            projectedBackward,
            one,
            activations.tensor(batch, config.dim()),
            activations.tensor(batch, inner),
            activations.tensor(batch, inner),
            tensor(1, config.states(), inner),
            tensor(1, config.states(), inner));
    operations.addAll(
        LastLayer.operations(
            weights.layers().getLast(), work, stream, picked, kind(config), scale(config)));
  }

  /** Makes features (batch, dim) of normalised tokens. */
  static Pool pool(VimConfig config, Tensor tokens, Tensor features) {
    long length = tokens.shape().size(1);
    long picked = pickedToken(config);
    if (picked >= 0) {
      return new Pool(Pool.Kind.MEAN, tokens, picked, 1, 1, features);
    }
    return config.classToken() == ClassToken.DOUBLE
        ? new Pool(Pool.Kind.MEAN, tokens, 0, 2, length - 1, features)
        : new Pool(Pool.Kind.MEAN, tokens, 0, length, 1, features);
  }

  /** The index of the one token that features are read from, or -1. */
  static long pickedToken(VimConfig config) {
    return switch (config.classToken()) {
      case HEAD, MIDDLE -> config.classToken().places(config.patches())[0];
      case DOUBLE -> -1;
      case NONE -> config.pooling() == Pooling.LAST ? config.length() - 1 : -1;
    };
  }

  private void head() {
    if (weights.head() == null) {
      throw new WeightsException("logits are wanted, but the checkpoint has no head.weight");
    }
    if (features != tokens) {
      logits = tensor(batch, config.classes());
      operations.add(Linear.of(features, weights.head(), weights.headBias(), 0, logits));
      return;
    }
    Tensor every = tensor(batch, length, config.classes());
    operations.add(Linear.of(tokens, weights.head(), weights.headBias(), 0, every));
    if (config.pooling() == Pooling.ALL) {
      logits = every;
    } else {
      logits = tensor(batch, config.classes());
      operations.add(new Pool(Pool.Kind.MAX, every, 0, length, 1, logits));
    }
  }

  /** Tokens that nobody asked for stay where they are, unless that is where the host reads. */
  private void handOver() {
    HostCopies copies = new HostCopies(memory, operations);
    taps.replaceAll((_, tensor) -> copies.of(tensor));
    if (whole() && !options.tokens() && tokens != features) {
      tokens = null;
    }
    tokens = copies.of(tokens);
    features = copies.of(features);
    logits = copies.of(logits);
  }

  List<Operation> operations() {
    return operations;
  }

  Tensor image() {
    return pixels;
  }

  Tensor tokens() {
    return tokens;
  }

  Tensor features() {
    return features;
  }

  Tensor logits() {
    return logits;
  }

  Map<String, Tensor> taps() {
    return taps;
  }
}
