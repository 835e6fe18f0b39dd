package io.panamba.model.cascade;

import io.panamba.model.architecture.Backbone;
import io.panamba.model.architecture.Cost;
import io.panamba.model.architecture.FeatureMap;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Precision;
import io.panamba.model.architecture.Settings;
import io.panamba.model.architecture.Task;
import io.panamba.model.boxes.AnchorGrid;
import io.panamba.model.dense.Backbones;
import io.panamba.model.image.Preprocessing;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.WindowPool;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * A detector in full.
 *
 * @param backbone gives one map, of which a pyramid is made; or four
 * @param channels of the pyramid and the heads
 * @param hidden width of a box head's linear layer
 * @param classes without the background
 * @param stages box heads, one behind the other
 * @param numbered whether the stages have numbers in their keys, as those of a cascade
 * @param boxPerClass whether a stage moves a box for each class, rather than one for all
 * @param proposalLayers convolutions of the proposal head, 1 or 2
 * @param masks whether there is a mask head
 */
public record CascadeConfig(
    Backbone backbone,
    int channels,
    int hidden,
    int classes,
    int stages,
    boolean numbered,
    boolean boxPerClass,
    int proposalLayers,
    boolean masks)
    implements NetworkConfig {
  /** Levels of the pyramid that boxes are read from. */
  static final int LEVELS = 4;

  /** Pixels of the image for one of the finest level. */
  static final int FINEST = 4;

  /** The side of the square anchors of the finest level. */
  private static final int SMALLEST_ANCHOR = 32;

  /** The side of a box's map, and of a mask's before it is enlarged. */
  static final int BOX_SIDE = 7;

  static final int MASK_SIDE = 14;

  /** The side of a mask. */
  public static final int MASK = 2 * MASK_SIDE;

  /** Checks that the image has a pixel for the coarsest level. */
  public CascadeConfig {
    grids(backbone);
  }

  @Override
  public ImageSize image() {
    return backbone.config().image();
  }

  @Override
  public int colours() {
    return backbone.config().colours();
  }

  @Override
  public Preprocessing preprocessing() {
    return backbone.config().preprocessing();
  }

  @Override
  public int width() {
    return backbone.maps().getLast().channels();
  }

  @Override
  public int depth() {
    return backbone.config().depth();
  }

  @Override
  public long tokens() {
    return backbone.maps().getLast().grid().pixels();
  }

  @Override
  public Task task() {
    return Task.DETECTION;
  }

  @Override
  public Precision precision() {
    return backbone.config().precision();
  }

  /** Whether the pyramid is made of one map. */
  boolean isOfOneMap() {
    return backbone.maps().size() == 1;
  }

  /**
   * Returns the levels of the pyramid, that which only proposals are read from included.
   *
   * @return from the finest to the coarsest
   */
  List<Grid> grids() {
    return grids(backbone);
  }

  private static List<Grid> grids(Backbone backbone) {
    List<Grid> grids = new ArrayList<>();
    if (backbone.maps().size() == 1) {
      Grid grid = backbone.maps().getFirst().grid();
      grids.add(new Grid(4 * grid.height(), 4 * grid.width()));
      grids.add(new Grid(2 * grid.height(), 2 * grid.width()));
      grids.add(grid);
      if (grid.height() < 2 || grid.width() < 2) {
        throw new IllegalArgumentException(
            "an image of %s is too small for a detector".formatted(backbone.config().image()));
      }
      grids.add(WindowPool.Windows.maximum(2, 2).over(grid));
    } else {
      backbone.maps().forEach(map -> grids.add(map.grid()));
    }
    grids.add(CascadeNetwork.COARSER.over(grids.getLast()));
    return grids;
  }

  /** The anchors of every level. */
  List<AnchorGrid> anchors() {
    List<AnchorGrid> anchors = new ArrayList<>();
    for (Grid grid : grids()) {
      int level = anchors.size();
      anchors.add(
          new AnchorGrid(
              SMALLEST_ANCHOR << level,
              FINEST << level,
              Math.toIntExact(grid.height()),
              Math.toIntExact(grid.width())));
    }
    return anchors;
  }

  @Override
  public CascadeConfig withImage(ImageSize image) {
    return with(backbone.withImage(image), classes);
  }

  CascadeConfig withClasses(int number) {
    return with(backbone, number);
  }

  private CascadeConfig with(Backbone other, int otherClasses) {
    return new CascadeConfig(
        other,
        channels,
        hidden,
        otherClasses,
        stages,
        numbered,
        boxPerClass,
        proposalLayers,
        masks);
  }

  @Override
  public Settings settings() {
    return Backbones.ofWhole(backbone.config().settings());
  }

  @Override
  public SequencedMap<String, Object> describe() {
    SequencedMap<String, Object> lines = new LinkedHashMap<>();
    lines.put("backbone", backbone.title());
    lines.putAll(backbone.config().describe());
    lines.put("classes", classes);
    lines.put("stages", stages);
    lines.put("pyramid_channels", channels);
    lines.put("box_head_width", hidden);
    lines.put("box_per_class", boxPerClass);
    lines.put("masks", masks);
    return lines;
  }

  /** Of as many proposals and detections as there are at most. */
  @Override
  public Cost cost() {
    SequencedMap<String, Long> parts = new LinkedHashMap<>();
    List<Grid> grids = grids();
    long square = (long) channels * channels;
    long pyramid = 0;
    for (Grid grid : grids.subList(0, LEVELS)) {
      pyramid += 9 * square * grid.pixels();
    }
    if (isOfOneMap()) {
      long dim = width();
      long pixels = grids.get(2).pixels();
      pyramid += 2 * (4 * pixels * dim * (dim / 2)) + 16 * pixels * (dim / 2) * (dim / 4);
      pyramid += channels * (16 * pixels * (dim / 4) + 4 * pixels * (dim / 2));
      pyramid += channels * dim * (pixels + grids.get(3).pixels());
    } else {
      for (FeatureMap map : backbone.maps()) {
        pyramid += map.grid().pixels() * map.channels() * channels;
      }
    }
    parts.put("pyramid", pyramid);
    long area = grids.stream().mapToLong(Grid::pixels).sum();
    parts.put("proposals", area * (9 * square * proposalLayers + 15L * channels));
    long cells = (long) BOX_SIDE * BOX_SIDE;
    long outputs = classes + 1L + (boxPerClass ? 4L * classes : 4);
    long box = cells * 36 * square + cells * channels * hidden + hidden * outputs;
    parts.put("box_heads", (long) CascadeNetwork.MOST_PROPOSALS * stages * box);
    long mask = (long) MASK_SIDE * MASK_SIDE * (36 * square + 4 * square + 4L * channels * classes);
    parts.put("mask_head", masks ? CascadeNetwork.MOST_DETECTIONS * mask : 0);
    return backbone.config().cost().plus(parts);
  }
}
