package io.panamba.model.mambaout;

import io.panamba.model.architecture.Blueprint;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.graph.Graph;
import io.panamba.model.graph.Value;
import io.panamba.model.mambaout.MambaOutWeights.Block;
import io.panamba.model.mambaout.MambaOutWeights.Normed;
import io.panamba.model.weights.Affine;
import io.panamba.model.weights.Weight;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Norm;
import io.panamba.runtime.operation.PatchEmbedding.ClassIndex;
import io.panamba.runtime.operation.Pool;
import java.util.ArrayList;
import java.util.List;

/**
 * A MambaOut (arXiv 2405.07992, section 4).
 *
 * @param keys its weights
 */
record MambaOutNetwork(MambaOutWeights keys) implements Blueprint<MambaOutConfig> {
  private static final float EPSILON = 1e-6f;

  @Override
  public List<Weight> weights() {
    return keys.list();
  }

  @Override
  public void write(Graph graph, MambaOutConfig config) {
    Value last = stages(graph, config).getLast();
    graph.focus(last, config.grid(keys.stages().size() - 1), ClassIndex.NONE);
    Value pooled = graph.pool(Pool.Kind.MEAN, last, 0, config.tokens(), 1);
    graph.tap("pool", pooled);
    Value features = norm(graph, keys.norm(), pooled);
    if (graph.wanted().logits() && keys.head() == null) {
      throw new WeightsException(
          "logits are wanted, but the checkpoint has no " + MambaOutKeys.HEAD);
    }
    graph.results(last, features, keys.head() == null ? null : head(graph, features));
  }

  /**
   * Writes the stages.
   *
   * @return what each gives, (batch, pixels, channels)
   */
  List<Value> stages(Graph graph, MambaOutConfig config) {
    List<Value> maps = new ArrayList<>();
    Value stream = stem(graph, config);
    graph.tap("stem", stream);
    int index = 0;
    for (int i = 0; i < keys.stages().size(); i++) {
      if (i > 0) {
        stream = halve(graph, config, i, stream);
        graph.tap("downsample." + i, stream);
      }
      List<Block> blocks = keys.stages().get(i);
      for (int j = 0; j < blocks.size(); j++) {
        stream = block(graph, config, i, blocks.get(j), index++, stream);
        graph.tap("stages.%d.%d".formatted(i, j), stream);
      }
      maps.add(stream);
    }
    return maps;
  }

  /** norm(conv(activation(norm(conv(image))))) */
  private Value stem(Graph graph, MambaOutConfig config) {
    Value image = graph.image(config.colours(), config.image().height(), config.image().width());
    Value x = graph.stem(image, keys.stem().layer(), MambaOutConfig.HALVING);
    if (keys.stem().norm() != null) {
      x = norm(graph, keys.stem().norm(), x);
    }
    x = graph.activate(config.activation().operation(), x);
    Normed second = keys.halvings().getFirst();
    return norm(graph, second.norm(), conv(graph, x, config.stemGrid(), second.layer()));
  }

  /** norm(conv(x)), or conv(norm(x)): then zeros stand around the normalised map. */
  private Value halve(Graph graph, MambaOutConfig config, int stage, Value x) {
    Normed halving = keys.halvings().get(stage);
    Grid grid = config.grid(stage - 1);
    return config.has(MambaOutTrait.NORM_FIRST)
        ? conv(graph, norm(graph, halving.norm(), x), grid, halving.layer())
        : norm(graph, halving.norm(), conv(graph, x, grid, halving.layer()));
  }

  private static Value conv(Graph graph, Value x, Grid grid, Affine layer) {
    return graph.conv2d(x, grid, layer, MambaOutConfig.HALVING);
  }

  /** x + fc2(activation(g) * [i, depthwise(c)]) with [g, i, c] = fc1(norm(x)) (section 4.2). */
  private static Value block(
      Graph graph, MambaOutConfig config, int stage, Block block, int index, Value stream) {
    MambaOutStage sizes = config.stages().get(stage);
    long hidden = sizes.hidden();
    long plainWidth = hidden - sizes.convolved();
    Value all = graph.linear(norm(graph, block.norm(), stream), block.first());
    Value gate = graph.activate(config.activation().operation(), graph.columns(all, 0, hidden));
    Value plain = plainWidth == 0 ? null : graph.columns(all, hidden, plainWidth);
    Value convolved = graph.columns(all, hidden + plainWidth, sizes.convolved());
    Value gated = graph.gatedConv(gate, plain, convolved, config.grid(stage), block.conv());
    Value made = graph.linear(gated, block.second());
    return graph.add(1, stream, graph.scale(made, block.scale(), graph.drop(index)));
  }

  /** fc2(norm(gelu(fc1(features)))) */
  private Value head(Graph graph, Value features) {
    Value hidden = graph.gelu(graph.linear(features, keys.head().layer()));
    if (keys.head().norm() != null) {
      hidden = norm(graph, keys.head().norm(), hidden);
    }
    graph.tap("hidden", hidden);
    return graph.linear(hidden, keys.classes());
  }

  private static Value norm(Graph graph, Affine norm, Value x) {
    return graph.norm(Norm.Kind.LAYER, x, norm, EPSILON);
  }
}
