package io.panamba.model.vim;

import io.panamba.model.architecture.Blueprint;
import io.panamba.model.block.ClassToken;
import io.panamba.model.block.Pooling;
import io.panamba.model.block.PositionEmbedding;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.graph.Graph;
import io.panamba.model.graph.Graph.Directions;
import io.panamba.model.graph.Positions;
import io.panamba.model.graph.Scratch;
import io.panamba.model.graph.Value;
import io.panamba.model.graph.Walk;
import io.panamba.model.vim.VimWeights.Branch;
import io.panamba.model.vim.VimWeights.Layer;
import io.panamba.model.weights.Affine;
import io.panamba.model.weights.Weight;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Norm;
import io.panamba.runtime.operation.PatchEmbedding.ClassIndex;
import io.panamba.runtime.operation.Pool;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A Vim network (Vim section 3 and algorithm 1).
 *
 * @param keys its weights
 */
record VimNetwork(VimWeights keys) implements Blueprint<VimConfig> {
  /**
   * The tokens of which features are the mean.
   *
   * @param first the first token
   * @param count how many
   * @param step from one to the next
   */
  record Pooled(long first, long count, long step) {
    static Pooled of(VimConfig config) {
      long picked = config.pickedToken();
      if (picked >= 0) {
        return new Pooled(picked, 1, 1);
      }
      return config.classToken() == ClassToken.DOUBLE
          ? new Pooled(0, 2, config.length() - 1)
          : new Pooled(0, config.length(), 1);
    }
  }

  @Override
  public List<Weight> weights() {
    return keys.list();
  }

  @Override
  public List<Weight> trained() {
    return keys.trained();
  }

  @Override
  public List<Weight> joined() {
    return keys.classTokens();
  }

  @Override
  public Optional<Weight> positions() {
    return Optional.ofNullable(keys.positions());
  }

  @Override
  public PositionEmbedding fitPositions(VimConfig config, float[] trained, int height, int width) {
    return config.fitPositions(trained, height, width);
  }

  @Override
  public float[] fitPositions(VimConfig config, float[] trained) {
    return config.fitPositions(trained, config.gridHeight(), config.gridWidth()).toFloats();
  }

  /** The places of the class tokens for a number of patches. */
  static ClassIndex classIndex(VimConfig config) {
    return config.classToken() == ClassToken.NONE
        ? ClassIndex.NONE
        : ClassIndex.of(config.classToken().places(config.patches()));
  }

  @Override
  public void write(Graph graph, VimConfig config) {
    new Writer(graph, config).write();
  }

  /**
   * Writes the network as far as a head of a dense task reads it.
   *
   * @param graph to be written
   * @param config of the network, without class tokens
   * @param layers from which maps are taken, ascending, the last one included
   * @param stream whether a map is the residual stream behind the layer, as the next layer finds
   *     it; or else the output of the layer's mixer alone
   * @return (batch, patches, dim) each
   */
  List<Value> maps(Graph graph, VimConfig config, List<Integer> layers, boolean stream) {
    return new Writer(graph, config).maps(layers, stream);
  }

  private final class Writer {
    private final Graph graph;
    private final VimConfig config;
    private final VimSizes sizes;

    /** The residual stream, (batch, length, dim). */
    private Value stream;

    /** A mixer's output that has yet to be added to the stream, or null. */
    private Value branch;

    /** What the stream is multiplied by when the branch is added. */
    private float scale = 1;

    /** Made when it is first needed. */
    private RotaryEmbedding.Tables rotary;

    Writer(Graph graph, VimConfig config) {
      this.graph = graph;
      this.config = config;
      this.sizes = config.sizes();
    }

    void write() {
      embed();
      List<Layer> layers = keys.layers();
      Tiles tiles = Tiles.cut(config.length(), graph.wanted().tile());
      if (runsInTiles(tiles)) {
        sweep(tiles);
      } else if (config.has(VimTrait.LAYER_BIDIRECTIONAL)) {
        // An odd last layer is unused, as in the original loop over pairs.
        for (int i = 0; i + 1 < layers.size(); i += 2) {
          pair(i);
        }
      } else if (needsOneToken()) {
        for (int i = 0; i < layers.size() - 1; i++) {
          layer(i);
        }
        lastLayer();
        return;
      } else {
        for (int i = 0; i < layers.size(); i++) {
          layer(i);
        }
      }
      add();
      Value tokens = norm(keys.finalNorm(), stream);
      graph.tap("norm_f", tokens);
      if (config.keepsEveryToken()) {
        graph.results(tokens, tokens, answers(tokens));
      } else {
        Pooled pooled = Pooled.of(config);
        Value features =
            graph.pool(Pool.Kind.MEAN, tokens, pooled.first, pooled.count, pooled.step);
        graph.results(tokens, features, head(features));
      }
    }

    List<Value> maps(List<Integer> wanted, boolean ofStream) {
      embed();
      List<Value> maps = new ArrayList<>();
      for (int i = 0; i < keys.layers().size(); i++) {
        rotate();
        add();
        if (ofStream && wanted.contains(i - 1)) {
          maps.add(stream);
        }
        mix(i);
        if (!ofStream && wanted.contains(i)) {
          maps.add(branch);
        }
      }
      if (ofStream) {
        add();
        maps.add(stream);
      }
      return maps;
    }

    private void embed() {
      Positions positions =
          keys.positions() == null
              ? null
              : new Positions(keys.positions(), config.gridHeight(), config.gridWidth(), false);
      Value image = graph.image(config.colours(), config.image().height(), config.image().width());
      stream =
          graph.embed(
              image,
              keys.projection(),
              keys.projectionBias(),
              positions,
              keys.classTokens(),
              classIndex(config),
              sizes.stride(),
              config.length());
      graph.tap("embed", stream);
    }

    private Value norm(Affine norm, Value x) {
      Norm.Kind kind = config.has(VimTrait.LAYER_NORM) ? Norm.Kind.LAYER : Norm.Kind.RMS;
      return graph.norm(kind, x, norm, VimConfig.EPS);
    }

    private void add() {
      if (branch != null) {
        stream = graph.add(scale, stream, branch);
        branch = null;
      }
    }

    /** r' = r + mixer(norm(r)) */
    private void layer(int i) {
      rotate();
      add();
      focus(i + 1);
      mix(i);
    }

    /** Before the last layer the answer depends on the stream alone. */
    private void focus(int next) {
      if (next == keys.layers().size()) {
        Grid grid = new Grid(config.gridHeight(), config.gridWidth());
        graph.focus(stream, grid, classIndex(config));
      }
    }

    /** mixer(norm(r)) */
    private void mix(int i) {
      Layer layer = keys.layers().get(i);
      branch = mix(layer, norm(layer.norm(), stream), false, i);
      scale = 1;
      graph.tap("layers." + i, branch);
    }

    /**
     * Both layers see r; each hands r on, so that r' = 2 r + mixer(norm(r)) + mixer of the reversed
     * sequence, reversed back. A layer that runs backward as a whole is its forward self with the
     * roles of the two directions exchanged.
     */
    private void pair(int i) {
      Layer forward = keys.layers().get(i);
      Layer backward = keys.layers().get(i + 1);
      rotate();
      add();
      focus(i + 3 > keys.layers().size() ? keys.layers().size() : 0);
      Value first = mix(forward, norm(forward.norm(), stream), false, i);
      Value second = mix(backward, norm(backward.norm(), stream), true, i + 1);
      branch = graph.add(1, first, second);
      scale = 2;
      graph.tap("layers." + i, branch);
    }

    /**
     * Before every layer the rotary embedding turns the last mixer's output and, as an option, the
     * stream that it has yet to join. An odd number of tokens leaves token 0 alone, wherever the
     * class token is: so the original does.
     */
    private void rotate() {
      if (!config.hasRotary()) {
        return;
      }
      if (rotary == null) {
        rotary = rotary();
      }
      long first = config.length() % 2;
      if (branch == null) {
        stream = graph.rotary(stream, rotary.cos(), rotary.sin(), first);
        return;
      }
      branch = graph.rotary(branch, rotary.cos(), rotary.sin(), first);
      if (config.has(VimTrait.ROPE_RESIDUAL)) {
        stream = graph.rotary(stream, rotary.cos(), rotary.sin(), first);
      }
    }

    private RotaryEmbedding.Tables rotary() {
      long patches = config.patches();
      if (config.length() - config.length() % 2 != patches) {
        throw new WeightsException(
            "a rotary embedding of %d patches does not fit a sequence of %d tokens"
                .formatted(patches, config.length()));
      }
      return sizes.rotary() == patches
          ? new RotaryEmbedding.Tables(
              graph.numbers(keys.rotaryCos()), graph.numbers(keys.rotarySin()))
          : RotaryEmbedding.of(config.gridHeight(), config.gridWidth(), sizes.dim());
    }

    /** From the normed stream to the mixer's output. */
    private Value mix(Layer layer, Value normed, boolean reversed, int index) {
      Value xz = graph.linear(normed, new Affine(layer.inProjection(), layer.inBias()));
      Value x = graph.columns(xz, 0, sizes.inner());
      Value z = graph.columns(xz, sizes.inner(), sizes.inner());
      Branch forward = layer.forward();
      Branch backward = layer.backward();
      // In bimamba v1 both directions read the forward convolution.
      boolean shared = config.bimamba() == Bimamba.V1;
      Affine first = convolution(forward);
      Affine second = backward == null || shared ? null : convolution(backward);
      Directions us = graph.convolve(x, reversed ? second : first, reversed ? first : second);
      Value u = reversed ? us.backward() : us.forward();
      Value v = shared ? u : reversed ? us.forward() : us.backward();
      Value projected = graph.linear(u, Affine.unbiased(forward.projection()));
      Walk there = walk(forward, u, projected);
      Walk back =
          backward == null
              ? null
              : walk(
                  backward,
                  v,
                  shared ? projected : graph.linear(v, Affine.unbiased(backward.projection())));
      int drop = graph.drop(index);
      // Without a bias, an image that is dropped before the product is dropped behind it.
      boolean early = layer.outBias() == null;
      Value scanned =
          graph.scan(
              reversed ? back : there,
              reversed ? there : back,
              z,
              config.directionScale(),
              early ? drop : Graph.KEPT);
      Value out = graph.linear(scanned, new Affine(layer.outProjection(), layer.outBias()));
      return graph.scale(out, layer.scale(), early ? Graph.KEPT : drop);
    }

    private static Affine convolution(Branch branch) {
      return new Affine(branch.convWeight(), branch.convBias());
    }

    private static Walk walk(Branch branch, Value u, Value projected) {
      return new Walk(u, projected, branch.dtWeight(), branch.dtBias(), branch.a(), branch.d());
    }

    private Value head(Value features) {
      if (!graph.wanted().logits()) {
        return null;
      }
      if (keys.head() == null) {
        throw new WeightsException("logits are wanted, but the checkpoint has no head.weight");
      }
      return graph.linear(features, new Affine(keys.head(), keys.headBias()));
    }

    /** The answers of all tokens, or one for all. Training averages them where there are many. */
    private Value answers(Value tokens) {
      Value every = head(tokens);
      if (every == null || (config.pooling() == Pooling.ALL && !graph.trains())) {
        return every;
      }
      Pool.Kind kind = config.pooling() == Pooling.ALL ? Pool.Kind.MEAN : Pool.Kind.MAX;
      return graph.pool(kind, every, 0, config.length(), 1);
    }

    /** Work in tiles is for caches, on whole networks that hand the stream on as it is. */
    private boolean runsInTiles(Tiles tiles) {
      return tiles.count() > 1
          && graph.wanted().inPieces()
          && !graph.wanted().taps()
          && LayerSweeps.canSweep(config);
    }

    /** Images run one after the other, in the same memory but for the residual stream. */
    private void sweep(Tiles tiles) {
      List<Scratch> scratch = new ArrayList<>();
      boolean keepsX = LayerSweeps.keepsX(config, true);
      boolean keepsY = LayerSweeps.keepsY(config);
      if (keepsX) {
        scratch.add(Scratch.of(config.length(), sizes.inner()));
      }
      if (keepsY) {
        scratch.add(Scratch.of(config.length(), sizes.inner()));
      }
      int own = scratch.size();
      scratch.addAll(LayerSweeps.scratch(config, tiles, true));
      boolean tokens = graph.wanted().tokens();
      stream =
          graph.written(
              stream,
              true,
              scratch,
              (weights, x, _, memory, operations) ->
                  new LayerSweeps(
                          new Mixer(config, weights),
                          tiles,
                          true,
                          memory.subList(own, memory.size()))
                      .writeAll(
                          keys.layers(),
                          x,
                          keepsX ? memory.getFirst() : null,
                          keepsY ? memory.get(own - 1) : null,
                          !tokens,
                          operations),
              stream.shape().toArray());
    }

    /** Whether one token is wanted and nothing of the others: the last layer then runs for it. */
    private boolean needsOneToken() {
      return config.pickedToken() >= 0
          && graph.wanted().inPieces()
          && !config.hasRotary()
          && !graph.wanted().tokens()
          && !graph.wanted().taps()
          && !keys.layers().isEmpty();
    }

    private void lastLayer() {
      add();
      long batch = graph.wanted().batch();
      Value one =
          graph.written(
              stream,
              false,
              LastLayer.scratch(config, batch),
              (weights, x, out, memory, operations) ->
                  operations.addAll(
                      LastLayer.operations(
                          new Mixer(config, weights),
                          keys.layers().getLast(),
                          LastLayer.Workspace.of(memory, out),
                          x,
                          config.pickedToken())),
              batch,
              sizes.dim());
      Value features = norm(keys.finalNorm(), one);
      graph.results(null, features, head(features));
    }
  }
}
