package io.panamba.model.upernet;

import io.panamba.model.architecture.Backbone;
import io.panamba.model.architecture.FeatureMap;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.block.PositionEmbedding;
import io.panamba.model.dense.Backbones;
import io.panamba.model.graph.Graph;
import io.panamba.model.graph.Value;
import io.panamba.model.vim.VimBackbone;
import io.panamba.model.vim.VimConfig;
import io.panamba.model.weights.Affine;
import io.panamba.model.weights.Draw;
import io.panamba.model.weights.Form;
import io.panamba.model.weights.Weight;
import io.panamba.model.weights.Weight.Learning;
import io.panamba.model.weights.WeightList;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.WindowPool;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * A Vim and what makes a pyramid of its four maps, all of one size (Vim section 4.2; {@code fpn1}
 * and {@code fpn2} of the original). With patches of 16 pixels: transposed convolution, norm, GELU,
 * transposed convolution; transposed convolution; the map as it is; maximum of 2 x 2. With patches
 * of 8: transposed convolution; the map; maximum of 2 x 2; maximum of 4 x 4.
 */
final class VimPyramid implements Backbone {
  static final String PREFIX = "backbone.";

  /** Of the first map: a layer, whose norm is folded. */
  static final String FIRST = PREFIX + "fpn1.0";

  /** Of the first map, behind GELU; or nothing. */
  static final String SECOND = PREFIX + "fpn1.3";

  private static final String OF_SECOND_MAP = PREFIX + "fpn2.0";

  private final VimBackbone vim;
  private final List<Weight> weights;
  private final List<Affine> ofFirst;

  /** Null with patches of 8. */
  private final Affine ofSecond;

  private VimPyramid(VimBackbone vim, List<Weight> weights, List<Affine> ofFirst, Affine ofSecond) {
    this.vim = vim;
    this.weights = weights;
    this.ofFirst = ofFirst;
    this.ofSecond = ofSecond;
  }

  /**
   * Declares it.
   *
   * @param config of the Vim, whose depth is a multiple of 4
   * @param stream whether its maps are of the residual stream
   * @param fine whether the first map has four times the patches' resolution, and not twice
   */
  static VimPyramid of(VimConfig config, boolean stream, boolean fine) {
    List<Integer> layers = new ArrayList<>();
    for (int map = 1; map <= Backbones.MAPS; map++) {
      layers.add(config.depth() * map / Backbones.MAPS - 1);
    }
    VimBackbone vim = VimBackbone.of(config, PREFIX, layers, stream);
    WeightList list = new WeightList();
    int dim = config.width();
    List<Affine> first = new ArrayList<>();
    first.add(enlarging(list, FIRST, dim));
    Affine second = null;
    if (fine) {
      first.add(enlarging(list, SECOND, dim));
      second = enlarging(list, OF_SECOND_MAP, dim);
    }
    List<Weight> all = new ArrayList<>(vim.weights());
    all.addAll(list.toList());
    return new VimPyramid(vim, List.copyOf(all), List.copyOf(first), second);
  }

  /** PyTorch draws it from (-b, b) with b = 1 / sqrt(4 outputs). */
  private static Affine enlarging(WeightList list, String key, int dim) {
    Draw draw = Draw.uniform(1 / Math.sqrt(4.0 * dim));
    return new Affine(
        list.declare(key + ".weight", Form.TRANSPOSED_TAPS, Learning.DECAYS, draw, dim, dim, 2, 2),
        list.declare(key + ".bias", Form.PLAIN, Learning.PLAIN, draw, dim));
  }

  private boolean isFine() {
    return ofSecond != null;
  }

  /** Whether the maps are of the residual stream. */
  boolean isOfStream() {
    return vim.isOfStream();
  }

  @Override
  public String title() {
    return vim.title();
  }

  @Override
  public NetworkConfig config() {
    return vim.config();
  }

  @Override
  public List<Weight> weights() {
    return weights;
  }

  @Override
  public List<Weight> shared() {
    return vim.weights();
  }

  @Override
  public Optional<Weight> positions() {
    return vim.positions();
  }

  @Override
  public PositionEmbedding fitPositions(float[] trained, int height, int width) {
    return vim.fitPositions(trained, height, width);
  }

  @Override
  public List<FeatureMap> maps() {
    FeatureMap map = vim.maps().getFirst();
    Grid grid = map.grid();
    Grid twice = twice(grid);
    List<Grid> grids =
        isFine()
            ? List.of(twice(twice), twice, grid, pool(2).over(grid))
            : List.of(twice, grid, pool(2).over(grid), pool(4).over(grid));
    return grids.stream().map(each -> new FeatureMap(map.channels(), each)).toList();
  }

  private static Grid twice(Grid grid) {
    return new Grid(2 * grid.height(), 2 * grid.width());
  }

  private static WindowPool.Windows pool(int side) {
    return WindowPool.Windows.maximum(side, side);
  }

  @Override
  public SequencedMap<String, Long> extraCost() {
    long dim = vim.maps().getFirst().channels();
    long pixels = vim.maps().getFirst().grid().pixels();
    // A transposed convolution of 2 x 2 taps makes four pixels of one.
    long one = 4 * dim * dim * pixels;
    SequencedMap<String, Long> cost = new LinkedHashMap<>();
    cost.put("pyramid", isFine() ? one + 4 * one + one : one);
    return cost;
  }

  @Override
  public VimPyramid withImage(ImageSize image) {
    return new VimPyramid(vim.withImage(image), weights, ofFirst, ofSecond);
  }

  @Override
  public List<Value> write(Graph graph) {
    List<Value> maps = vim.write(graph);
    Grid grid = vim.maps().getFirst().grid();
    for (int i = 0; i < maps.size(); i++) {
      graph.tap("map." + i, maps.get(i));
    }
    Value first = graph.enlarge(maps.get(0), grid, ofFirst.getFirst());
    if (!isFine()) {
      return List.of(
          first,
          maps.get(1),
          graph.windowPool(pool(2), maps.get(2), grid),
          graph.windowPool(pool(4), maps.get(3), grid));
    }
    return List.of(
        graph.enlarge(graph.gelu(first), twice(grid), ofFirst.getLast()),
        graph.enlarge(maps.get(1), grid, ofSecond),
        maps.get(2),
        graph.windowPool(pool(2), maps.get(3), grid));
  }

  /** Writes all that tells it from others: states of trainings are compared by it. */
  @Override
  public String toString() {
    return "%s to %s".formatted(vim, maps());
  }
}
