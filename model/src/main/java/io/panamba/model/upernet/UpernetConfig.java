package io.panamba.model.upernet;

import io.panamba.model.architecture.Backbone;
import io.panamba.model.architecture.Cost;
import io.panamba.model.architecture.FeatureMap;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Precision;
import io.panamba.model.architecture.Settings;
import io.panamba.model.architecture.Task;
import io.panamba.model.dense.Backbones;
import io.panamba.model.image.Preprocessing;
import io.panamba.runtime.operation.Grid;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * A UperNet in full.
 *
 * @param backbone gives four maps
 * @param channels of the head
 * @param classes of a pixel
 * @param auxiliary channels of the head that helps in training, or 0 without one
 * @param alignCorners whether the corners of maps meet when they are resized
 */
public record UpernetConfig(
    Backbone backbone, int channels, int classes, int auxiliary, boolean alignCorners)
    implements NetworkConfig {
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
    return channels;
  }

  @Override
  public int depth() {
    return backbone.config().depth();
  }

  /**
   * Returns the map of the logits.
   *
   * @return its pixels
   */
  public Grid grid() {
    return backbone.maps().getFirst().grid();
  }

  @Override
  public Optional<Grid> answerGrid() {
    return Optional.of(grid());
  }

  @Override
  public long tokens() {
    return grid().pixels();
  }

  @Override
  public Task task() {
    return Task.SEGMENTATION;
  }

  @Override
  public boolean answersEveryToken() {
    return true;
  }

  @Override
  public Precision precision() {
    return backbone.config().precision();
  }

  /**
   * Tells whether it was trained with windows of one size, rather than with whole images: then it
   * has a position embedding.
   *
   * @return whether windows slide over an image
   */
  public boolean slides() {
    return backbone.positions().isPresent();
  }

  @Override
  public UpernetConfig withImage(ImageSize image) {
    return new UpernetConfig(backbone.withImage(image), channels, classes, auxiliary, alignCorners);
  }

  UpernetConfig withClasses(int number) {
    return new UpernetConfig(backbone, channels, number, auxiliary, alignCorners);
  }

  /** Fits the position embedding of other images to its own grid. */
  float[] fitPositions(float[] trained) {
    int rows = (int) backbone.config().tokens();
    int side = (int) Math.round(Math.sqrt(rows));
    return backbone.fitPositions(trained, side, rows / side).toFloats();
  }

  @Override
  public Settings settings() {
    Settings settings = Backbones.ofWhole(backbone.config().settings());
    if (backbone instanceof VimPyramid pyramid) {
      MapKind kind = pyramid.isOfStream() ? MapKind.STREAM : MapKind.MIXER;
      settings = settings.with(Upernet.FEATURES, kind);
    }
    return settings.with(Upernet.ALIGN_CORNERS, alignCorners);
  }

  @Override
  public SequencedMap<String, Object> describe() {
    SequencedMap<String, Object> lines = new LinkedHashMap<>();
    lines.put("backbone", backbone.title());
    lines.putAll(backbone.config().describe());
    lines.put("classes", classes);
    lines.put("head_channels", channels);
    lines.put("auxiliary_channels", auxiliary);
    if (backbone instanceof VimPyramid pyramid) {
      MapKind kind = pyramid.isOfStream() ? MapKind.STREAM : MapKind.MIXER;
      lines.put("features", kind.name().toLowerCase(Locale.ROOT));
    }
    lines.put("align_corners", alignCorners);
    lines.put("logits_grid", grid().toString());
    return lines;
  }

  /** Of inference; the smaller maps of the last convolution are multiplied at their own size. */
  @Override
  public Cost cost() {
    List<FeatureMap> maps = backbone.maps();
    SequencedMap<String, Long> parts = new LinkedHashMap<>(backbone.extraCost());
    long area = maps.getFirst().grid().pixels();
    long last = maps.getLast().grid().pixels();
    long wide = maps.getLast().channels();
    long pooled = UpernetNetwork.POOLED_SIDES.stream().mapToLong(side -> (long) side * side).sum();
    int sizes = UpernetNetwork.POOLED_SIDES.size();
    parts.put(
        "pyramid_pooling",
        pooled * wide * channels + 9 * last * channels * (wide + (long) sizes * channels));
    long laterals = 0;
    long outs = 0;
    long fusion = 9 * last * channels * channels;
    for (FeatureMap map : maps.subList(0, maps.size() - 1)) {
      long pixels = map.grid().pixels();
      laterals += pixels * map.channels() * channels;
      outs += 9 * pixels * channels * channels;
      fusion += 9 * pixels * channels * channels;
    }
    parts.put("laterals", laterals);
    parts.put("fpn", outs);
    parts.put("fusion", fusion);
    parts.put("head", area * channels * classes);
    return backbone.config().cost().plus(parts);
  }
}
