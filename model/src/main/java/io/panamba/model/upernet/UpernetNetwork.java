package io.panamba.model.upernet;

import io.panamba.model.architecture.Blueprint;
import io.panamba.model.architecture.FeatureMap;
import io.panamba.model.block.PositionEmbedding;
import io.panamba.model.graph.Graph;
import io.panamba.model.graph.Value;
import io.panamba.model.weights.Affine;
import io.panamba.model.weights.Weight;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Kernel;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Pool;
import io.panamba.runtime.operation.WindowPool;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A UperNet (arXiv 1807.10221, section 3) over a backbone.
 *
 * @param keys its weights
 * @param positions of the backbone, or empty
 * @param shared what the backbone has in common with a classifier
 */
record UpernetNetwork(UpernetWeights keys, Optional<Weight> positions, List<Weight> shared)
    implements Blueprint<UpernetConfig> {
  /** The sides of the pyramid pooling module's maps (PSPNet, arXiv 1612.01105). */
  static final List<Integer> POOLED_SIDES = List.of(1, 2, 3, 6);

  private static final Kernel PADDED = Kernel.square(3, 1, 1);

  /** The share of the auxiliary head in the loss. */
  private static final float AUXILIARY_SHARE = 0.4f;

  @Override
  public List<Weight> weights() {
    return keys.list();
  }

  @Override
  public List<Weight> backbone() {
    return shared;
  }

  @Override
  public PositionEmbedding fitPositions(
      UpernetConfig config, float[] trained, int height, int width) {
    return config.backbone().fitPositions(trained, height, width);
  }

  @Override
  public float[] fitPositions(UpernetConfig config, float[] trained) {
    return config.fitPositions(trained);
  }

  @Override
  public void write(Graph graph, UpernetConfig config) {
    List<Value> maps = config.backbone().write(graph);
    for (int i = 0; i < maps.size(); i++) {
      graph.tap("pyramid." + i, maps.get(i));
    }
    writeHead(graph, config, maps);
  }

  /** Writes the head over maps. */
  void writeHead(Graph graph, UpernetConfig config, List<Value> maps) {
    List<Grid> grids = config.backbone().maps().stream().map(FeatureMap::grid).toList();
    boolean corners = config.alignCorners();
    int last = maps.size() - 1;
    List<Value> laterals = new ArrayList<>();
    for (int i = 0; i < last; i++) {
      laterals.add(relu(graph, graph.linear(maps.get(i), keys.laterals().get(i))));
    }
    laterals.add(pool(graph, maps.getLast(), grids.getLast(), corners));
    graph.tap("ppm", laterals.getLast());
    for (int i = last; i > 0; i--) {
      Value coarse = graph.resize(laterals.get(i), grids.get(i), grids.get(i - 1), corners);
      laterals.set(i - 1, graph.add(1, laterals.get(i - 1), coarse));
    }
    List<Value> outs = new ArrayList<>();
    for (int i = 0; i < last; i++) {
      Affine layer = keys.outs().get(i);
      outs.add(relu(graph, graph.conv2d(laterals.get(i), grids.get(i), layer, PADDED)));
    }
    // The coarsest one goes on as it is.
    outs.add(laterals.getLast());
    for (int i = 0; i < outs.size(); i++) {
      graph.tap("fpn." + i, outs.get(i));
    }
    Value fused = relu(graph, graph.pyramidConv(outs, grids, keys.fusion(), corners));
    graph.tap("fused", fused);
    Value logits = graph.linear(fused, keys.classes());
    Grid fine = grids.getFirst();
    if (keys.auxiliary() != null) {
      int map = UpernetWeights.AUXILIARY_MAP;
      Value hidden = graph.conv2d(maps.get(map), grids.get(map), keys.auxiliary(), PADDED);
      Value answers = graph.linear(relu(graph, hidden), keys.auxiliaryClasses());
      graph.tap("auxiliary", answers);
      graph.auxiliary(ofImage(graph, config, answers, grids.get(map)), AUXILIARY_SHARE);
    }
    graph.results(
        fused,
        graph.pool(Pool.Kind.MEAN, fused, 0, fine.pixels(), 1),
        ofImage(graph, config, logits, fine));
  }

  /** Training compares answers with labels of every pixel of the image. */
  private static Value ofImage(Graph graph, UpernetConfig config, Value answers, Grid grid) {
    Grid image = new Grid(config.image().height(), config.image().width());
    return graph.trains() ? graph.resize(answers, grid, image, config.alignCorners()) : answers;
  }

  /** The last map and its means over windows of several sizes (pyramid pooling). */
  private Value pool(Graph graph, Value map, Grid grid, boolean corners) {
    List<Value> all = new ArrayList<>(List.of(map));
    for (int i = 0; i < POOLED_SIDES.size(); i++) {
      int side = POOLED_SIDES.get(i);
      Value pooled = graph.windowPool(WindowPool.Windows.adaptive(side, side), map, grid);
      Value mixed = relu(graph, graph.linear(pooled, keys.pooled().get(i)));
      all.add(graph.resize(mixed, new Grid(side, side), grid, corners));
    }
    return relu(graph, graph.conv2d(graph.concat(all), grid, keys.bottleneck(), PADDED));
  }

  private static Value relu(Graph graph, Value x) {
    return graph.activate(Linear.Activation.RELU, x);
  }
}
