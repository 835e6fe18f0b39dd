package io.panamba.model.cascade;

import io.panamba.model.architecture.Blueprint;
import io.panamba.model.block.PositionEmbedding;
import io.panamba.model.cascade.CascadeWeights.Normed;
import io.panamba.model.cascade.CascadeWeights.Stage;
import io.panamba.model.graph.Graph;
import io.panamba.model.graph.Value;
import io.panamba.model.weights.Weight;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Kernel;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Norm;
import io.panamba.runtime.operation.Pool;
import io.panamba.runtime.operation.WindowPool;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A detector. Its first part makes the pyramid and what proposals are chosen by; then there is a
 * part for each box head, and one for the mask head, which read some boxes at a time. {@link
 * CascadeRun} runs them.
 *
 * @param keys its weights
 * @param positions of the backbone, or empty
 */
record CascadeNetwork(CascadeWeights keys, Optional<Weight> positions)
    implements Blueprint<CascadeConfig> {
  /** How many boxes go through the box heads and are detected, at most. */
  static final int MOST_PROPOSALS = 1000;

  static final int MOST_DETECTIONS = 100;

  /** Boxes of a run of a box head: few enough for caches, many for each reading of its weights. */
  static final int BOXES = 100;

  /** Boxes of a run of the mask head. */
  static final int MASKS = 20;

  /** Every second pixel. */
  static final WindowPool.Windows COARSER = WindowPool.Windows.maximum(1, 2);

  private static final Kernel PADDED = Kernel.square(3, 1, 1);
  private static final float EPSILON = 1e-6f;

  static String objectness(int level) {
    return "objectness." + level;
  }

  static String proposalDeltas(int level) {
    return "deltas." + level;
  }

  static String stage(int index) {
    return "stage." + index;
  }

  static String scores(int stage) {
    return "scores." + stage;
  }

  static String boxDeltas(int stage) {
    return "box_deltas." + stage;
  }

  /** The input of box heads, (boxes, 5), and that of the mask head. */
  static final String BOXES_INPUT = "boxes";

  static final String MASK_BOXES_INPUT = "mask_boxes";

  /** The mask head, and what it gives: (boxes, pixels, classes). */
  static final String MASK_PART = "masks";

  @Override
  public List<Weight> weights() {
    return keys.list();
  }

  @Override
  public PositionEmbedding fitPositions(
      CascadeConfig config, float[] trained, int height, int width) {
    return config.backbone().fitPositions(trained, height, width);
  }

  @Override
  public void write(Graph graph, CascadeConfig config) {
    if (graph.trains()) {
      throw new IllegalArgumentException("detectors are run, not trained");
    }
    if (graph.wanted().batch() != 1) {
      throw new IllegalArgumentException(
          "a detector takes one image at a time, not " + graph.wanted().batch());
    }
    List<Value> maps = config.backbone().write(graph);
    Value last = maps.getLast();
    graph.tap("feature", last);
    List<Grid> grids = config.grids();
    List<Value> levels =
        config.isOfOneMap()
            ? levelsOfOne(graph, maps.getFirst(), grids)
            : levelsOfStages(graph, maps, grids);
    for (int i = 0; i < levels.size(); i++) {
      graph.keep("p" + (i + 2), levels.get(i));
    }
    Value coarsest = graph.windowPool(COARSER, levels.getLast(), grids.get(levels.size() - 1));
    graph.tap("p" + (levels.size() + 2), coarsest);
    for (int i = 0; i < grids.size(); i++) {
      propose(graph, i, i < levels.size() ? levels.get(i) : coarsest, grids.get(i));
    }
    graph.results(last, graph.pool(Pool.Kind.MEAN, last, 0, config.tokens(), 1), null);
    Value boxes = graph.input(BOXES_INPUT, BOXES, 5);
    for (int i = 0; i < keys.stages().size(); i++) {
      graph.part(stage(i));
      classify(graph, i, align(graph, config, levels, boxes, CascadeConfig.BOX_SIDE));
    }
    if (keys.masks() != null) {
      Value maskBoxes = graph.input(MASK_BOXES_INPUT, MASKS, 5);
      graph.part(MASK_PART);
      mask(graph, align(graph, config, levels, maskBoxes, CascadeConfig.MASK_SIDE));
    }
  }

  /** The simple feature pyramid of ViTDet. */
  private List<Value> levelsOfOne(Graph graph, Value map, List<Grid> grids) {
    Grid grid = grids.get(2);
    Grid twice = grids.get(1);
    Value half = graph.enlarge(map, grid, keys.finest().first());
    half = graph.gelu(graph.norm(Norm.Kind.LAYER, half, keys.finest().norm(), EPSILON));
    Value finest = level(graph, 0, graph.enlarge(half, twice, keys.finest().second()), grids);
    Value finer = level(graph, 1, graph.enlarge(map, grid, keys.finer()), grids);
    Value same = level(graph, 2, map, grids);
    Value pooled = graph.windowPool(WindowPool.Windows.maximum(2, 2), map, grid);
    return List.of(finest, finer, same, level(graph, 3, pooled, grids));
  }

  private Value level(Graph graph, int index, Value map, List<Grid> grids) {
    Normed lateral = keys.laterals().get(index);
    Normed output = keys.outputs().get(index);
    Value x = norm(graph, graph.linear(map, lateral.layer()), lateral);
    return norm(graph, graph.conv2d(x, grids.get(index), output.layer(), PADDED), output);
  }

  /** A feature pyramid (arXiv 1612.03144): coarser levels are added to finer ones. */
  private List<Value> levelsOfStages(Graph graph, List<Value> maps, List<Grid> grids) {
    Value[] sums = new Value[maps.size()];
    for (int i = maps.size() - 1; i >= 0; i--) {
      Value own = graph.linear(maps.get(i), keys.laterals().get(i).layer());
      if (i + 1 < maps.size()) {
        // Adaptive means of more windows than pixels repeat the nearest ones.
        WindowPool.Windows nearest =
            WindowPool.Windows.adaptive(
                Math.toIntExact(grids.get(i).height()), Math.toIntExact(grids.get(i).width()));
        own = graph.add(1, own, graph.windowPool(nearest, sums[i + 1], grids.get(i + 1)));
      }
      sums[i] = own;
    }
    List<Value> levels = new ArrayList<>(Arrays.asList(sums));
    for (int i = 0; i < sums.length; i++) {
      Normed output = keys.outputs().get(i);
      levels.set(i, graph.conv2d(sums[i], grids.get(i), output.layer(), PADDED));
    }
    return levels;
  }

  private void propose(Graph graph, int level, Value map, Grid grid) {
    Value x = map;
    for (int i = 0; i < keys.proposals().size(); i++) {
      x = relu(graph, graph.conv2d(x, grid, keys.proposals().get(i), PADDED));
    }
    graph.keep(objectness(level), graph.linear(x, keys.objectness()));
    graph.keep(proposalDeltas(level), graph.linear(x, keys.deltas()));
  }

  private static Value align(
      Graph graph, CascadeConfig config, List<Value> levels, Value boxes, int side) {
    List<Float> scales = new ArrayList<>();
    for (int i = 0; i < levels.size(); i++) {
      scales.add(1f / (CascadeConfig.FINEST << i));
    }
    return graph.roiAlign(levels, config.grids().subList(0, levels.size()), scales, boxes, side);
  }

  private void classify(Graph graph, int index, Value aligned) {
    Stage stage = keys.stages().get(index);
    Grid grid = new Grid(CascadeConfig.BOX_SIDE, CascadeConfig.BOX_SIDE);
    Value x = convolve(graph, stage.convolutions(), aligned, grid);
    Value hidden = relu(graph, graph.flatLinear(x, stage.hidden()));
    graph.keep(scores(index), graph.linear(hidden, stage.scores()));
    graph.keep(boxDeltas(index), graph.linear(hidden, stage.deltas()));
  }

  private void mask(Graph graph, Value aligned) {
    Grid grid = new Grid(CascadeConfig.MASK_SIDE, CascadeConfig.MASK_SIDE);
    Value x = convolve(graph, keys.masks().convolutions(), aligned, grid);
    Value large = relu(graph, graph.enlarge(x, grid, keys.masks().enlarging()));
    graph.keep(MASK_PART, graph.linear(large, keys.masks().classes()));
  }

  private static Value convolve(Graph graph, List<Normed> layers, Value x, Grid grid) {
    Value value = x;
    for (Normed layer : layers) {
      value = graph.conv2d(value, grid, layer.layer(), PADDED);
      value = relu(graph, norm(graph, value, layer));
    }
    return value;
  }

  private static Value norm(Graph graph, Value x, Normed layer) {
    return graph.norm(Norm.Kind.LAYER, x, layer.norm(), EPSILON);
  }

  private static Value relu(Graph graph, Value x) {
    return graph.activate(Linear.Activation.RELU, x);
  }
}
