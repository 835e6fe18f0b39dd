package io.panamba.model;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.Arenas;
import io.panamba.runtime.Device;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/**
 * A Vision Mamba network (arXiv 2401.09417) with its weights on a device. Immutable, and shared by
 * any number of threads; what runs is an {@link Inference}. Close it after its inferences.
 */
public final class Vim implements AutoCloseable {
  private static final String DEFAULT = "digits.safetensors";

  private final VimConfig config;
  private final VimWeights weights;
  private final Device device;
  private final CountingArena arena;
  private final SharedPositions positions;
  private final Labels labels;

  private Vim(
      VimConfig config, VimWeights weights, Labels labels, Device device, CountingArena arena) {
    this.config = config;
    this.labels = labels;
    this.weights = weights;
    this.device = device;
    this.arena = arena;
    this.positions = new SharedPositions(weights.positions());
  }

  /**
   * Opens a checkpoint file: PyTorch's or safetensors'.
   *
   * @param file the checkpoint
   * @param device where the network will run; it stays the caller's to close
   * @param options what the checkpoint's shapes can't tell
   * @return the network
   * @throws io.panamba.model.checkpoint.CheckpointException if the file can't be read as a
   *     checkpoint, changes meanwhile, or takes more memory than there is
   * @throws WeightsException if its tensors are not those of a Vim network
   */
  public static Vim open(Path file, Device device, VimOptions options) {
    try (Checkpoint checkpoint = Checkpoint.open(file)) {
      return load(checkpoint, device, options);
    }
  }

  /**
   * Opens the model that comes with Panamba: handwritten digits.
   *
   * @param device where the network will run; it stays the caller's to close
   * @param options what is to differ from the model as it was trained
   * @return the network, of ten classes
   */
  public static Vim openDefault(Device device, VimOptions options) {
    try (InputStream stream = Vim.class.getResourceAsStream(DEFAULT)) {
      if (stream == null) {
        throw new WeightsException(
            "the model of digits is not in this build: %s is to be beside %s; name other weights"
                .formatted(DEFAULT, Vim.class.getName()));
      }
      try (Checkpoint checkpoint = Checkpoint.read(DEFAULT, stream.readAllBytes())) {
        return load(checkpoint, device, options);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Finds the way to read a checkpoint's keys that fits a Vim network: as they stand, or else
   * without the prefixes of what the network was a part of.
   *
   * @param checkpoint any checkpoint
   * @return the checkpoint itself if it fits, or else the first of its {@linkplain
   *     Checkpoint#readings readings} that does
   * @throws WeightsException if none does
   * @throws io.panamba.model.checkpoint.CheckpointException if looking takes more memory than there
   *     is
   */
  public static Checkpoint reading(Checkpoint checkpoint) {
    return VimKeys.reading(checkpoint);
  }

  /**
   * Tells whether a key may be one of a Vim network.
   *
   * @param key of a {@link #reading}
   * @return false for what lay beside the network
   */
  public static boolean isKnownKey(String key) {
    return VimKeys.isKnown(key);
  }

  /**
   * Loads an open checkpoint. Nothing refers to it afterwards.
   *
   * @param checkpoint the weights under the keys of the original state dict, as {@link #reading}
   *     finds them
   * @param device where the network will run; it stays the caller's to close
   * @param options what the checkpoint's shapes can't tell
   * @return the network
   * @throws io.panamba.model.checkpoint.CheckpointException if its file has changed since it was
   *     opened, or takes more memory than there is
   * @throws WeightsException if its tensors are not those of a Vim network
   */
  public static Vim load(Checkpoint checkpoint, Device device, VimOptions options) {
    return FileMemory.guard(checkpoint.path(), () -> loadAll(checkpoint, device, options));
  }

  private static Vim loadAll(Checkpoint checkpoint, Device device, VimOptions options) {
    Checkpoint fitting = reading(checkpoint);
    VimConfig config = VimConfigReader.read(fitting, options);
    CountingArena arena = new CountingArena(Arenas.shared());
    try {
      Span span = Span.load(checkpoint.path().toString(), config, device, arena);
      boolean recorded = span.start();
      VimWeights weights = VimWeights.load(fitting, config, new DeviceMemory(device, arena));
      if (recorded) {
        span.stop();
      }
      return new Vim(config, weights, Labels.of(checkpoint, config), device, arena);
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
   * Returns the names of the classes.
   *
   * @return those that the checkpoint carries, or the {@linkplain Labels#defaultsFor defaults}
   */
  public Labels labels() {
    return labels;
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
   * @throws IllegalArgumentException if an image is smaller than a patch
   * @throws WeightsException if logits are wanted of a checkpoint without a head
   * @throws WorkspaceException if its memory is not to be had: size, stride and widths may be what
   *     a file says
   * @throws io.panamba.runtime.ShapeException if a tensor would have 2^59 elements or more
   * @throws IllegalStateException if the network is closed
   */
  public Inference plan(InferenceOptions options) {
    if (!arena.scope().isAlive()) {
      throw new IllegalStateException("the network is closed");
    }
    VimConfig sized = sized(options.height(), options.width());
    CountingArena workspace = CountingArena.ofWorkspace();
    try {
      Span span = Span.plan(sized, options, device, workspace);
      boolean recorded = span.start();
      DeviceMemory memory = new DeviceMemory(device, workspace);
      Tensor shared = positions.lend(sized, memory);
      VimNetwork network = new VimNetwork(sized, weights, options, shared, memory);
      Plan plan = device.plan(network.operations());
      if (recorded) {
        span.stop();
      }
      Span runs = Span.inference(sized, options, device);
      return new Inference(workspace, plan, network, options, runs);
    } catch (OutOfMemoryError e) {
      workspace.close();
      throw Workspace.notToBeHad(e);
    } catch (RuntimeException | Error e) {
      workspace.close();
      throw e;
    }
  }

  /**
   * Plans an inference of an image that may be larger than memory.
   *
   * @param options image size, what is wanted and where memory comes from
   * @return the inference, to be closed by the caller
   * @throws IllegalArgumentException if the image is smaller than a patch; if the network has
   *     rotary embedding or pairs of layers, which need whole sequences; if its features are those
   *     of every token; or if it is on a GPU
   * @throws WeightsException if logits are wanted of a checkpoint without a head
   * @throws WorkspaceException if memory or a temporary file are not to be had
   * @throws InferenceInterruptedException if the thread is interrupted meanwhile
   */
  public StreamedInference stream(StreamOptions options) {
    VimConfig sized = sized(options.height(), options.width());
    if (device.hasOwnMemory()) {
      throw new IllegalArgumentException(
          "a streamed inference works in the host's memory, tile by tile; open the network on a"
              + " processor, not on "
              + device.description());
    }
    if (!LayerSweeps.canSweep(sized)) {
      throw new IllegalArgumentException(
          "networks with a rotary embedding or with layers in pairs need whole sequences; plan an"
              + " ordinary inference");
    }
    if (sized.classToken() == ClassToken.NONE
        && (sized.pooling() == Pooling.MAX || sized.pooling() == Pooling.ALL)) {
      throw new IllegalArgumentException(
          "with pooling 'max' or 'all' features are those of every token; a streamed inference"
              + " gives one vector");
    }
    if (options.logits() && weights.head() == null) {
      throw new WeightsException("logits are wanted, but the checkpoint has no head.weight");
    }
    try {
      return new StreamedInference(sized, weights, positions.fit(sized), device, options);
    } catch (OutOfMemoryError e) {
      throw Workspace.notToBeHad(e);
    }
  }

  private VimConfig sized(int height, int width) {
    if (height < config.patch() || width < config.patch()) {
      throw new IllegalArgumentException(
          "images of %d x %d are smaller than a patch of %d"
              .formatted(height, width, config.patch()));
    }
    return config.withImageSize(height, width);
  }

  /**
   * Frees the weights. On a GPU it waits for the end of what runs there.
   *
   * @throws IllegalStateException if an inference is running on a processor
   */
  @Override
  public void close() {
    arena.close();
  }
}
