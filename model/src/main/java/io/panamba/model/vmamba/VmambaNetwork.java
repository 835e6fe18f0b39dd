package io.panamba.model.vmamba;

import io.panamba.model.architecture.Blueprint;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.graph.CrossWalks;
import io.panamba.model.graph.Graph;
import io.panamba.model.graph.Value;
import io.panamba.model.vmamba.VmambaWeights.Block;
import io.panamba.model.vmamba.VmambaWeights.Mixer;
import io.panamba.model.vmamba.VmambaWeights.Normed;
import io.panamba.model.weights.Affine;
import io.panamba.model.weights.Weight;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Linear.Activation;
import io.panamba.runtime.operation.Norm;
import io.panamba.runtime.operation.PatchEmbedding.ClassIndex;
import io.panamba.runtime.operation.Pool;
import java.util.ArrayList;
import java.util.List;

/**
 * A VMamba (arXiv 2401.10166, section 4).
 *
 * @param keys its weights
 */
record VmambaNetwork(VmambaWeights keys) implements Blueprint<VmambaConfig> {
  /** PyTorch's own, unlike that of the transformers. */
  private static final float EPSILON = 1e-5f;

  @Override
  public List<Weight> weights() {
    return keys.list();
  }

  @Override
  public void write(Graph graph, VmambaConfig config) {
    Value last = stages(graph, config).getLast();
    graph.focus(last, config.grid(keys.stages().size() - 1), ClassIndex.NONE);
    Value tokens = norm(graph, keys.norm(), last);
    graph.tap("classifier.norm", tokens);
    Value features = graph.pool(Pool.Kind.MEAN, tokens, 0, config.tokens(), 1);
    if (graph.wanted().logits() && keys.head() == null) {
      throw new WeightsException("logits are wanted, but the checkpoint has no " + VmambaKeys.HEAD);
    }
    graph.results(
        tokens, features, keys.head() == null ? null : graph.linear(features, keys.head()));
  }

  /**
   * Writes the stages and the norm of each.
   *
   * @return what a head of a dense task reads, (batch, pixels, channels)
   */
  List<Value> maps(Graph graph, VmambaConfig config) {
    List<Value> stages = stages(graph, config);
    List<Value> maps = new ArrayList<>();
    for (int i = 0; i < stages.size(); i++) {
      maps.add(norm(graph, keys.outNorms().get(i), stages.get(i)));
    }
    return maps;
  }

  /** What each stage gives, before it is halved. */
  private List<Value> stages(Graph graph, VmambaConfig config) {
    Value stream = embed(graph, config);
    graph.tap("patch_embed", stream);
    List<Value> maps = new ArrayList<>();
    int index = 0;
    for (int i = 0; i < keys.stages().size(); i++) {
      List<Block> blocks = keys.stages().get(i);
      for (int j = 0; j < blocks.size(); j++) {
        String name = "layers.%d.blocks.%d".formatted(i, j);
        stream = block(graph, config, i, blocks.get(j), index++, stream, name);
        graph.tap(name, stream);
      }
      maps.add(stream);
      if (i < keys.between().size()) {
        stream = halve(graph, config, i, stream);
        graph.tap("layers.%d.downsample".formatted(i), stream);
      }
    }
    return maps;
  }

  /** norm(conv(gelu(norm(conv(image))))), or norm(conv(image)) of whole patches */
  private Value embed(Graph graph, VmambaConfig config) {
    Value image = graph.image(config.colours(), config.image().height(), config.image().width());
    Normed first = keys.embedding().getFirst();
    Value x = graph.stem(image, first.layer(), config.embedding());
    x = norm(graph, first.norm(), x);
    if (keys.embedding().size() == 1) {
      return x;
    }
    Normed second = keys.embedding().getLast();
    Value made = graph.conv2d(graph.gelu(x), config.stemGrid(), second.layer(), config.embedding());
    return norm(graph, second.norm(), made);
  }

  /** norm(conv(x)), or reduction(norm(merge(x))): a padded pixel's norm sees zeros */
  private Value halve(Graph graph, VmambaConfig config, int stage, Value x) {
    Normed between = keys.between().get(stage);
    Grid grid = config.grid(stage);
    if (!config.has(VmambaTrait.CONVOLUTIONS_BETWEEN)) {
      return graph.linear(norm(graph, between.norm(), graph.merge(x, grid)), between.layer());
    }
    Value made = graph.conv2d(x, grid, between.layer(), config.between());
    return norm(graph, between.norm(), made);
  }

  /** r' = r + mixer(norm(r)), r'' = r' + perceptron(norm(r')) */
  private static Value block(
      Graph graph,
      VmambaConfig config,
      int stage,
      Block block,
      int index,
      Value stream,
      String name) {
    Value mixed = mix(graph, config, stage, block.mixer(), norm(graph, block.norm(), stream));
    graph.tap(name + ".op", mixed);
    Value between = graph.add(1, stream, graph.scale(mixed, null, graph.drop(index)));
    if (block.first() == null) {
      return between;
    }
    Value hidden = graph.gelu(graph.linear(norm(graph, block.norm2(), between), block.first()));
    Value made = graph.linear(hidden, block.second());
    return graph.add(1, between, graph.scale(made, null, graph.drop(index)));
  }

  /** out([silu(z) *] norm(scan(silu(conv(x))))) with x[, z] = in(normed) (section 4.2, SS2D) */
  private static Value mix(Graph graph, VmambaConfig config, int stage, Mixer mixer, Value normed) {
    long inner = config.stages().get(stage).inner();
    Grid grid = config.grid(stage);
    Value all = graph.linear(normed, mixer.in());
    boolean gated = config.has(VmambaTrait.GATE);
    Value x = gated ? graph.columns(all, 0, inner) : all;
    Value u = graph.activate(Activation.SILU, graph.depthwise(x, grid, mixer.conv()));
    Value projected = graph.linear(u, Affine.unbiased(mixer.projections()));
    Value scanned =
        graph.crossScan(
            u,
            projected,
            grid,
            new CrossWalks(
                config.scan().walks(),
                mixer.steps().weight(),
                mixer.steps().bias(),
                mixer.logarithms(),
                mixer.skip()));
    Value y = norm(graph, mixer.norm(), scanned);
    if (config.outActivation()) {
      y = graph.gelu(y);
    }
    if (gated) {
      Value gate = graph.activate(Activation.SILU, graph.columns(all, inner, inner));
      y = graph.gate(gate, y);
    }
    return graph.linear(y, mixer.out());
  }

  private static Value norm(Graph graph, Affine norm, Value x) {
    return graph.norm(Norm.Kind.LAYER, x, norm, EPSILON);
  }
}
