package io.panamba.model.vim;

import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.Program;
import io.panamba.model.block.ClassToken;
import io.panamba.model.block.Pooling;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.graph.Activations;
import io.panamba.model.graph.DeviceMemory;
import io.panamba.model.graph.HostCopies;
import io.panamba.model.vim.VimWeights.Branch;
import io.panamba.model.vim.VimWeights.Layer;
import io.panamba.model.vim.VimWeights.NormWeights;
import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.CausalConv;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Copy;
import io.panamba.runtime.operation.Linear;
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
  private final LoadedVim vim;
  private final VimConfig config;
  private final Mixer mixer;
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
      LoadedVim vim,
      VimConfig config,
      InferenceOptions options,
      Tensor positions,
      DeviceMemory memory) {
    this.vim = vim;
    this.config = config;
    this.mixer = vim.mixer(config);
    this.options = options;
    this.memory = memory;
    this.batch = options.batch();
    this.length = config.length();
    long inner = config.sizes().inner();
    image = tensor(batch, config.colours(), config.image().height(), config.image().width());
    pixels = memory.staging(image);
    stream = tensor(batch, length, config.sizes().dim());
    activations = new Activations(memory, config.precision().dtype());
    sweeps = sweeps();
    normed = unlessSwept(config.sizes().dim());
    x = unlessSwept(inner);
    gate = unlessSwept(inner);
    uForward = unlessSwept(inner);
    uBackward = unlessSwept(inner);
    long projected = config.sizes().dtRank() + 2L * config.sizes().states();
    projectedForward = sweeps == null ? tensor(batch, length, projected) : null;
    projectedBackward = sweeps == null ? tensor(batch, length, projected) : null;
    scanned = unlessSwept(inner);
    hidden =
        config.hasRotary() || config.has(VimTrait.LAYER_BIDIRECTIONAL)
            ? tensor(batch, length, config.sizes().dim())
            : null;
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
  private Tensor unlessSwept(long width) {
    return sweeps == null ? activations.tensor(batch, length, width) : null;
  }

  /** Work in pieces is for caches: a device with memory of its own is faster on everything. */
  private boolean takesWholeSequences() {
    return memory.device().hasOwnMemory();
  }

  private LayerSweeps sweeps() {
    Tiles tiles = Tiles.cut(length, options.tile());
    return tiles.count() == 1
            || takesWholeSequences()
            || options.taps()
            || !LayerSweeps.canSweep(config)
        ? null
        : new LayerSweeps(mixer, tiles, true, activations);
  }

  private Tensor tap(String name) {
    Tensor tensor = tensor(batch, length, config.sizes().dim());
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
            vim.projection(),
            vim.projectionBias(),
            positions,
            vim.classTokens(),
            LoadedVim.classIndex(config),
            config.sizes().patch(),
            config.sizes().stride(),
            out));
  }

  private void blocks() {
    if (config.hasRotary()) {
      prepareRotary();
    }
    List<Layer> layers = vim.layers();
    if (sweeps != null) {
      sweep(layers);
    } else if (config.has(VimTrait.LAYER_BIDIRECTIONAL)) {
      // An odd last layer is unused, as in the original loop over pairs.
      for (int i = 0; i + 1 < layers.size(); i += 2) {
        rotate(i);
        pair(layers.get(i), layers.get(i + 1), output(i));
      }
    } else {
      int fullLayers = picksEarly() ? layers.size() - 1 : layers.size();
      for (int i = 0; i < fullLayers; i++) {
        rotate(i);
        single(layers.get(i), output(i));
      }
    }
  }

  /** Images run one after the other, in the same memory but for the residual stream. */
  private void sweep(List<Layer> layers) {
    long inner = config.sizes().inner();
    Tensor x = LayerSweeps.keepsX(config, true) ? activations.tensor(length, inner) : null;
    Tensor y = LayerSweeps.keepsY(config) ? activations.tensor(length, inner) : null;
    for (long i = 0; i < batch; i++) {
      Tensor rows = stream.slice(i, 1).reshape(Shape.of(length, config.sizes().dim()));
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
    if (!config.hasRotary()) {
      return;
    }
    if (layer == 0) {
      operations.add(new Rotary(stream, rotaryCos, rotarySin, rotaryFirst, stream));
      return;
    }
    operations.add(new Rotary(pending, rotaryCos, rotarySin, rotaryFirst, hidden));
    pending = hidden;
    if (config.has(VimTrait.ROPE_RESIDUAL)) {
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
    RotaryEmbedding.Tables tables = vim.rotary();
    if (tables.cos().length != positions * config.sizes().dim()) {
      tables = RotaryEmbedding.of(config.gridHeight(), config.gridWidth(), config.sizes().dim());
    }
    Shape shape = Shape.of(positions, config.sizes().dim());
    rotaryCos = memory.of(shape, tables.cos());
    rotarySin = memory.of(shape, tables.sin());
  }

  /** r' = r + mixer(norm(r)) */
  private void single(Layer layer, Tensor out) {
    norm(layer.norm(), normed);
    mix(layer, false);
    operations.add(mixer.out(layer, scanned, out == null ? 1 : 0, out == null ? stream : out));
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
    operations.add(mixer.out(forward, scanned, 0, out));
    norm(backward.norm(), normed);
    mix(backward, true);
    operations.add(mixer.out(backward, scanned, 1, out));
    pending = out;
    pendingScale = 2;
  }

  /** Brings the stream up to date and normalises it. */
  private void norm(NormWeights norm, Tensor out) {
    operations.add(mixer.norm(norm, stream, pending, pendingScale, out));
    pending = null;
    pendingScale = 1;
  }

  /** From the normed stream to the scans' gated sum. */
  private void mix(Layer layer, boolean reversed) {
    operations.add(mixer.x(layer, normed, x));
    operations.add(mixer.gate(layer, normed, gate));
    boolean shared = config.bimamba() == Bimamba.V1;
    Branch forward = layer.forward();
    Branch backward = layer.backward();
    CausalConv.Direction firstConv = mixer.conv(forward, uForward);
    CausalConv.Direction secondConv =
        backward == null || shared ? null : mixer.conv(backward, uBackward);
    operations.add(
        CausalConv.of(
            Columns.of(x), reversed ? secondConv : firstConv, reversed ? firstConv : secondConv));
    operations.add(mixer.projected(forward, uForward, projectedForward));
    if (secondConv != null) {
      operations.add(mixer.projected(backward, uBackward, projectedBackward));
    }
    SelectiveScan.Direction first = mixer.scan(forward, uForward, projectedForward, null, null);
    SelectiveScan.Direction second =
        backward == null
            ? null
            : shared
                ? mixer.scan(backward, uForward, projectedForward, null, null)
                : mixer.scan(backward, uBackward, projectedBackward, null, null);
    operations.add(
        new SelectiveScan(
            reversed ? second : first,
            reversed ? first : second,
            Columns.of(gate),
            mixer.scale(),
            null,
            0,
            false,
            scanned));
  }

  private void finish() {
    NormWeights norm = vim.finalNorm();
    boolean all = config.keepsEveryToken();
    long picked = config.pickedToken();
    if (picked >= 0 && pending == null && !options.tokens()) {
      // One token is wanted: only that is normalised.
      Tensor one = tensor(batch, config.sizes().dim());
      features = tensor(batch, config.sizes().dim());
      if (picksEarly()) {
        lastLayer(picked, one);
      } else {
        operations.add(new Pool(Pool.Kind.MEAN, stream, picked, 1, 1, one));
      }
      operations.add(mixer.norm(norm, one, features));
    } else {
      // Nothing reads the stream after the last norm, so that its tokens may take its place.
      tokens =
          options.taps()
              ? tap("norm_f")
              : pending == null ? stream : tensor(batch, length, config.sizes().dim());
      norm(norm, tokens);
      features = all ? tokens : tensor(batch, config.sizes().dim());
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
    return config.pickedToken() >= 0
        && sweeps == null
        && !takesWholeSequences()
        && hidden == null
        && !options.tokens()
        && !options.taps()
        && !vim.layers().isEmpty();
  }

  private void lastLayer(long picked, Tensor one) {
    long inner = config.sizes().inner();
    LastLayer.Workspace work =
        new LastLayer.Workspace(
            normed,
            x,
            uForward,
            uBackward,
            projectedForward,
            projectedBackward,
            one,
            activations.tensor(batch, config.sizes().dim()),
            activations.tensor(batch, inner),
            activations.tensor(batch, inner),
            tensor(1, config.sizes().states(), inner),
            tensor(1, config.sizes().states(), inner));
    operations.addAll(LastLayer.operations(mixer, vim.layers().getLast(), work, stream, picked));
  }

  /** Makes features (batch, dim) of normalised tokens. */
  static Pool pool(VimConfig config, Tensor tokens, Tensor features) {
    long length = tokens.shape().size(1);
    long picked = config.pickedToken();
    if (picked >= 0) {
      return new Pool(Pool.Kind.MEAN, tokens, picked, 1, 1, features);
    }
    return config.classToken() == ClassToken.DOUBLE
        ? new Pool(Pool.Kind.MEAN, tokens, 0, 2, length - 1, features)
        : new Pool(Pool.Kind.MEAN, tokens, 0, length, 1, features);
  }

  private void head() {
    if (vim.head() == null) {
      throw new WeightsException("logits are wanted, but the checkpoint has no head.weight");
    }
    if (features != tokens) {
      logits = tensor(batch, config.classes());
      operations.add(Linear.of(features, vim.head(), vim.headBias(), 0, logits));
      return;
    }
    Tensor every = tensor(batch, length, config.classes());
    operations.add(Linear.of(tokens, vim.head(), vim.headBias(), 0, every));
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
    if (takesWholeSequences() && !options.tokens() && tokens != features) {
      tokens = null;
    }
    tokens = copies.of(tokens);
    features = copies.of(features);
    logits = copies.of(logits);
  }

  Program program() {
    return new Program(operations, pixels, tokens, features, logits, taps);
  }
}
