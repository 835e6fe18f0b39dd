package io.panamba.model.vim;

import io.panamba.model.architecture.LoadedNetwork;
import io.panamba.model.block.PositionEmbedding;
import io.panamba.model.image.ImageSource;
import io.panamba.model.weights.LoadedWeights;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.PatchEmbedding;
import io.panamba.runtime.operation.PatchEmbedding.ClassIndex;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Embeds an image a few rows of patches at a time: neither its pixels nor its position embedding
 * are ever in memory as a whole. Class tokens go with the strip whose patches they stand before, or
 * with the last.
 */
final class StripEmbedding {
  private final VimConfig config;
  private final LoadedWeights weights;
  private final VimWeights keys;
  private final Tensor classTokens;
  private final PositionEmbedding positions;
  private final Device device;
  private final int gridRows;
  private final long[] classPlaces;
  private final Tensor image;
  private final Tensor position;

  /**
   * Allocates what a strip needs.
   *
   * @param config with the image's size
   * @param tokens about so many of a strip, but at least a row of patches
   */
  StripEmbedding(
      LoadedNetwork<VimConfig> network,
      VimWeights keys,
      VimConfig config,
      int tokens,
      Arena arena) {
    this.config = config;
    this.weights = network.weights();
    this.keys = keys;
    this.classTokens = network.joined();
    this.positions = network.fitPositions(config.gridHeight(), config.gridWidth());
    this.device = network.device();
    this.gridRows = Math.clamp(tokens / config.gridWidth(), 1, config.gridHeight());
    this.classPlaces = config.classToken().places(config.patches());
    this.image =
        Tensor.allocate(
            arena, DType.F32, Shape.of(config.colours(), pixels(gridRows), config.image().width()));
    long most = (long) gridRows * config.gridWidth() + classPlaces.length;
    this.position =
        positions == null
            ? null
            : Tensor.allocate(arena, DType.F32, Shape.of(most, config.sizes().dim()));
  }

  /** Rows of pixels under rows of patches. */
  private int pixels(int rows) {
    return (rows - 1) * config.sizes().stride() + config.sizes().patch();
  }

  /**
   * Embeds an image.
   *
   * @param source its rows
   * @param stream (length, dim), to be written
   * @param afterStrip called after every strip; may throw
   */
  void run(ImageSource source, Tensor stream, Runnable afterStrip) {
    for (int row = 0; row < config.gridHeight(); row += gridRows) {
      int rows = Math.min(gridRows, config.gridHeight() - row);
      Tensor pixels = pixelsOf(rows);
      source.read(row * config.sizes().stride(), pixels);
      embed(row, rows, pixels, stream);
      afterStrip.run();
    }
  }

  private Tensor pixelsOf(int rows) {
    Shape shape = Shape.of(config.colours(), pixels(rows), config.image().width());
    return Tensor.of(image.segment().asSlice(0, shape.elements() * Float.BYTES), DType.F32, shape);
  }

  private void embed(int row, int rows, Tensor pixels, Tensor stream) {
    long first = firstToken((long) row * config.gridWidth());
    long end = firstToken((long) (row + rows) * config.gridWidth());
    int[] classes =
        IntStream.range(0, classPlaces.length)
            .filter(i -> classPlaces[i] >= first && classPlaces[i] < end)
            .toArray();
    Tensor fitted = null;
    if (positions != null) {
      fitted = position.slice(0, end - first);
      positions.write(first, fitted);
    }
    PatchEmbedding operation =
        new PatchEmbedding(
            pixels.reshape(
                Shape.of(1, config.colours(), pixels.shape().size(1), config.image().width())),
            null,
            weights.matrix(keys.projection()),
            weights.tensor(keys.projectionBias()),
            fitted,
            classes.length == 0 ? null : classTokens.slice(classes[0], classes.length),
            ClassIndex.of(Arrays.stream(classes).mapToLong(i -> classPlaces[i] - first).toArray()),
            config.sizes().patch(),
            config.sizes().stride(),
            stream
                .slice(first, end - first)
                .reshape(Shape.of(1, end - first, config.sizes().dim())));
    try (Plan plan = device.plan(List.of(operation))) {
      plan.run();
    }
  }

  /** The first token of the strip that starts with a patch: class tokens before it included. */
  private long firstToken(long patch) {
    if (patch == 0) {
      return 0;
    }
    if (patch == config.patches()) {
      return config.length();
    }
    long token = patch - 1;
    for (long place : classPlaces) {
      token += place <= token ? 1 : 0;
    }
    return token + 1;
  }
}
