package io.panamba.model.deit;

import io.panamba.model.architecture.Blueprint;
import io.panamba.model.block.PositionEmbedding;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.deit.DeitWeights.Block;
import io.panamba.model.graph.Graph;
import io.panamba.model.graph.Positions;
import io.panamba.model.graph.Value;
import io.panamba.model.weights.Affine;
import io.panamba.model.weights.Weight;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Norm;
import io.panamba.runtime.operation.PatchEmbedding.ClassIndex;
import io.panamba.runtime.operation.Pool;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.SequencedSet;

/**
 * A DeiT (arXiv 2012.12877; its layers are those of ViT, arXiv 2010.11929, section 3.1).
 *
 * @param keys its weights
 */
record DeitNetwork(DeitWeights keys) implements Blueprint<DeitConfig> {
  @Override
  public List<Weight> weights() {
    return keys.list();
  }

  /** The extra tokens lie side by side. */
  @Override
  public List<Weight> trained() {
    SequencedSet<Weight> order = new LinkedHashSet<>(keys.extraTokens());
    order.addAll(keys.list());
    return List.copyOf(order);
  }

  @Override
  public List<Weight> joined() {
    return keys.extraTokens();
  }

  @Override
  public Optional<Weight> positions() {
    return Optional.of(keys.positions());
  }

  @Override
  public PositionEmbedding fitPositions(DeitConfig config, float[] trained, int height, int width) {
    return config.fitPositions(trained, height, width);
  }

  @Override
  public float[] fitPositions(DeitConfig config, float[] trained) {
    float[] all = config.fitPositions(trained, config.gridHeight(), config.gridWidth()).toFloats();
    if (!config.has(DeitTrait.POSITIONS_OF_PATCHES)) {
      return all;
    }
    int first = config.extraTokens() * config.sizes().dim();
    return Arrays.copyOfRange(all, first, all.length);
  }

  @Override
  public void write(Graph graph, DeitConfig config) {
    Value stream = embed(graph, config);
    graph.tap("embed", stream);
    for (int i = 0; i < keys.blocks().size(); i++) {
      if (i + 1 == keys.blocks().size()) {
        Grid grid = new Grid(config.gridHeight(), config.gridWidth());
        graph.focus(stream, grid, ClassIndex.of(config.places()));
      }
      stream = block(graph, config, keys.blocks().get(i), i, stream);
      graph.tap("blocks." + i, stream);
    }
    Value tokens = norm(graph, config, keys.norm(), stream);
    graph.tap("norm", tokens);
    if (graph.wanted().logits() && keys.heads().isEmpty()) {
      throw new WeightsException("logits are wanted, but the checkpoint has no head.weight");
    }
    if (config.heads() == 2) {
      distilled(graph, tokens);
    } else {
      Value features = graph.pick(tokens, 0);
      graph.results(
          tokens,
          features,
          keys.heads().isEmpty() ? null : graph.linear(features, keys.heads().getFirst()));
    }
  }

  private Value embed(Graph graph, DeitConfig config) {
    return graph.embed(
        graph.image(config.colours(), config.image().height(), config.image().width()),
        keys.projection(),
        keys.projectionBias(),
        new Positions(
            keys.positions(),
            config.gridHeight(),
            config.gridWidth(),
            config.has(DeitTrait.POSITIONS_OF_PATCHES)),
        keys.extraTokens(),
        ClassIndex.of(config.places()),
        config.sizes().patch(),
        config.tokens());
  }

  /** r' = r + attention(norm(r)), r'' = r' + perceptron(norm(r')) */
  private static Value block(Graph graph, DeitConfig config, Block block, int index, Value stream) {
    Value qkv = graph.linear(norm(graph, config, block.norm1(), stream), block.qkv());
    long dim = config.sizes().dim();
    Value q = graph.columns(qkv, 0, dim);
    Value k = graph.columns(qkv, dim, dim);
    Value v = graph.columns(qkv, 2 * dim, dim);
    Value attended =
        graph.linear(graph.attention(q, k, v, config.sizes().heads()), block.projection());
    Value between =
        graph.add(1, stream, graph.scale(attended, block.attentionScale(), graph.drop(index)));
    Value hidden =
        graph.gelu(graph.linear(norm(graph, config, block.norm2(), between), block.first()));
    Value made = graph.linear(hidden, block.second());
    return graph.add(1, between, graph.scale(made, block.hiddenScale(), graph.drop(index)));
  }

  /** Each of the two tokens has its head; the answer is the mean of both (section 4, "joint"). */
  private void distilled(Graph graph, Value tokens) {
    Value features = graph.pool(Pool.Kind.MEAN, tokens, 0, 2, 1);
    if (keys.heads().isEmpty()) {
      graph.results(tokens, features, null);
      return;
    }
    Value ofClass = graph.linear(graph.pick(tokens, 0), keys.heads().getFirst());
    Value ofTeacher = graph.linear(graph.pick(tokens, 1), keys.heads().getLast());
    graph.tap("logits_cls", ofClass);
    graph.tap("logits_dist", ofTeacher);
    graph.results(tokens, features, graph.mean(List.of(ofClass, ofTeacher)));
  }

  private static Value norm(Graph graph, DeitConfig config, Affine norm, Value x) {
    return graph.norm(Norm.Kind.LAYER, x, norm, (float) config.epsilon());
  }
}
