package io.panamba.model;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.Arenas;
import io.panamba.runtime.Device;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.nio.file.Path;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * A Vision Mamba network (arXiv 2401.09417) with its weights on a device. Immutable, and shared by
 * any number of threads; what runs is an {@link Inference}. Close it after its inferences.
 */
public final class Vim implements AutoCloseable {
  /** The most elements of an array. */
  private static final int MAX_POSITIONS = Integer.MAX_VALUE - 8;

  private record Grid(int height, int width) {}

  private final VimConfig config;
  private final VimWeights weights;
  private final Device device;
  private final CountingArena arena;
  private final ConcurrentMap<Grid, Tensor> positions = new ConcurrentHashMap<>();

  private Vim(VimConfig config, VimWeights weights, Device device, CountingArena arena) {
    this.config = config;
    this.weights = weights;
    this.device = device;
    this.arena = arena;
  }

  /**
   * Opens a checkpoint file: PyTorch's or safetensors'.
   *
   * @param file the checkpoint
   * @param device where the network will run; it stays the caller's to close
   * @param options what the checkpoint's shapes can't tell
   * @return the network
   * @throws io.panamba.model.checkpoint.CheckpointException if the file can't be read as a
   *     checkpoint
   * @throws WeightsException if its tensors are not those of a Vim network
   */
  public static Vim open(Path file, Device device, VimOptions options) {
    try (Checkpoint checkpoint = Checkpoint.open(file)) {
      return load(checkpoint, device, options);
    }
  }

  /**
   * Loads an open checkpoint. Nothing refers to it afterwards.
   *
   * @param checkpoint the weights under the keys of the original state dict
   * @param device where the network will run; it stays the caller's to close
   * @param options what the checkpoint's shapes can't tell
   * @return the network
   * @throws WeightsException if its tensors are not those of a Vim network
   */
  public static Vim load(Checkpoint checkpoint, Device device, VimOptions options) {
    VimConfig config = VimConfigReader.read(checkpoint, options);
    CountingArena arena = new CountingArena(Arenas.shared());
    try {
      Span span = Span.load(checkpoint.path().toString(), config, device, arena);
      boolean recorded = span.start();
      VimWeights weights = VimWeights.load(checkpoint, config, device, arena);
      if (recorded) {
        span.stop();
      }
      return new Vim(config, weights, device, arena);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /**
   * Returns the network's description, with the image size that was asked for or trained for.
   *
   * @return the configuration
   */
  public VimConfig config() {
    return config;
  }

  /**
   * Returns the memory of the packed weights.
   *
   * @return bytes
   */
  public long weightBytes() {
    return arena.bytes();
  }

  /**
   * Plans an inference. Other image sizes than the trained one get interpolated position
   * embeddings.
   *
   * @param options batch, image size and what is wanted
   * @return the inference, to be closed by the caller
   * @throws IllegalArgumentException if an image is smaller than a patch or has too many patches
   * @throws WeightsException if logits are wanted of a checkpoint without a head
   * @throws IllegalStateException if the network is closed
   */
  public Inference plan(InferenceOptions options) {
    if (!arena.scope().isAlive()) {
      throw new IllegalStateException("the network is closed");
    }
    VimConfig sized = config.withImageSize(options.height(), options.width());
    CountingArena workspace = new CountingArena(Arenas.shared());
    try {
      Span span = Span.plan(sized, options, device, workspace);
      boolean recorded = span.start();
      VimNetwork network = new VimNetwork(sized, weights, options, positions(sized), workspace);
      Plan plan = device.plan(network.operations());
      if (recorded) {
        span.stop();
      }
      Span runs = Span.inference(sized, options, device);
      return new Inference(workspace, plan, network, options, runs);
    } catch (RuntimeException | Error e) {
      workspace.close();
      throw e;
    }
  }

  /** Plans of one image size share a position embedding, which lives as long as the weights. */
  private Tensor positions(VimConfig sized) {
    float[] trained = weights.positions();
    if (trained == null) {
      return null;
    }
    Shape shape = Shape.of(sized.length(), sized.dim());
    if (shape.elements() > MAX_POSITIONS) {
      throw new IllegalArgumentException(
          "images of %d x %d have %d tokens: their position embedding is too large for an array"
              .formatted(sized.imageHeight(), sized.imageWidth(), sized.length()));
    }
    return positions.computeIfAbsent(
        new Grid(sized.gridHeight(), sized.gridWidth()),
        grid -> {
          float[] fitted =
              isTrainedGrid(grid)
                  ? trained
                  : PositionEmbedding.resample(
                      trained,
                      sized.dim(),
                      sized.classToken(),
                      grid.height(),
                      grid.width(),
                      sized.positionInterpolation());
          synchronized (arena) {
            return Tensor.of(arena, shape, fitted);
          }
        });
  }

  private boolean isTrainedGrid(Grid grid) {
    int patches = weights.positions().length / config.dim() - config.classToken().count();
    return grid.height() == grid.width() && grid.height() * grid.width() == patches;
  }

  /**
   * Frees the weights.
   *
   * @throws IllegalStateException if an inference is running
   */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
