package io.panamba.model;

import io.panamba.model.Architectures.Recognised;
import io.panamba.model.architecture.Architecture;
import io.panamba.model.architecture.Blueprint;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.LoadedNetwork;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Settings;
import io.panamba.model.architecture.StreamOptions;
import io.panamba.model.architecture.StreamedProgram;
import io.panamba.model.architecture.Streaming;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.StoredTensor;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.graph.Program;
import io.panamba.model.image.RgbImage;
import io.panamba.model.memory.CountingArena;
import io.panamba.model.memory.DeviceMemory;
import io.panamba.model.memory.InferenceInterruptedException;
import io.panamba.model.memory.LongMemory;
import io.panamba.model.memory.WorkspaceException;
import io.panamba.model.segmentation.Palette;
import io.panamba.model.weights.FittedWeights;
import io.panamba.model.weights.LoadedWeights;
import io.panamba.model.weights.RandomWeights;
import io.panamba.model.weights.Weight;
import io.panamba.runtime.Arenas;
import io.panamba.runtime.Device;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * A network with its weights on a device, of whatever family. Immutable, and shared by any number
 * of threads; what runs is an {@link Inference}. Close it after its inferences.
 */
public final class Network implements AutoCloseable {
  private static final String DEFAULT = "digits.safetensors";

  private final Architecture<?> family;
  private final LoadedNetwork<?> loaded;
  private final Device device;
  private final CountingArena arena;
  private final Labels labels;

  /** Null where the checkpoint has none. */
  private final Palette palette;

  private Network(
      Architecture<?> family,
      LoadedNetwork<?> loaded,
      Labels labels,
      Palette palette,
      Device device,
      CountingArena arena) {
    this.family = family;
    this.loaded = loaded;
    this.labels = labels;
    this.palette = palette;
    this.device = device;
    this.arena = arena;
  }

  /**
   * Opens a checkpoint file: PyTorch's or safetensors'. Its family is told by its keys.
   *
   * @param file the checkpoint
   * @param device where the network will run; it stays the caller's to close
   * @return the network
   * @throws io.panamba.model.checkpoint.CheckpointException if the file can't be read as a
   *     checkpoint, changes meanwhile, or takes more memory than there is
   * @throws WeightsException if its tensors are those of no network
   */
  public static Network open(Path file, Device device) {
    return open(file, device, Settings.none());
  }

  /**
   * Opens a checkpoint file with settings.
   *
   * @param file the checkpoint
   * @param device where the network will run; it stays the caller's to close
   * @param settings what the checkpoint's shapes can't tell
   * @return the network
   * @throws io.panamba.model.checkpoint.CheckpointException as {@link #open(Path, Device)}
   * @throws WeightsException as {@link #open(Path, Device)}
   */
  public static Network open(Path file, Device device, Settings settings) {
    try (Checkpoint checkpoint = Checkpoint.open(file)) {
      return load(checkpoint, device, settings);
    }
  }

  /**
   * Opens the model that comes with Panamba: handwritten digits.
   *
   * @param device where the network will run; it stays the caller's to close
   * @param settings what is to differ from the model as it was trained
   * @return the network, of ten classes
   */
  public static Network openDefault(Device device, Settings settings) {
    try (Checkpoint checkpoint = defaultCheckpoint()) {
      return load(checkpoint, device, settings);
    }
  }

  /**
   * Reads the checkpoint of the model that comes with Panamba.
   *
   * @return the weights, to be closed by the caller
   */
  public static Checkpoint defaultCheckpoint() {
    try (InputStream stream = Network.class.getResourceAsStream(DEFAULT)) {
      if (stream == null) {
        throw new WeightsException(
            "the model of digits is not in this build: %s is to be beside %s; name other weights"
                .formatted(DEFAULT, Network.class.getName()));
      }
      return Checkpoint.read(DEFAULT, stream.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Loads an open checkpoint. Nothing refers to it afterwards.
   *
   * @param checkpoint the weights under published keys, as {@link Architectures#recognise} finds
   *     them
   * @param device where the network will run; it stays the caller's to close
   * @param settings what the checkpoint's shapes can't tell
   * @return the network
   * @throws io.panamba.model.checkpoint.CheckpointException if its file has changed since it was
   *     opened, or takes more memory than there is
   * @throws WeightsException if its tensors are those of no network
   */
  public static Network load(Checkpoint checkpoint, Device device, Settings settings) {
    return FileMemory.guard(
        checkpoint.path(),
        () -> load(Architectures.recognise(checkpoint), checkpoint, device, settings));
  }

  private static <C extends NetworkConfig> Network load(
      Recognised<C> recognised, Checkpoint file, Device device, Settings settings) {
    Architecture<C> family = recognised.family();
    C config = recognised.read(settings);
    CountingArena arena = new CountingArena(Arenas.shared());
    try {
      Recording recording = Recording.load(file.path().toString(), config, device, arena);
      boolean recorded = recording.start();
      DeviceMemory memory = new DeviceMemory(device, arena);
      Blueprint<C> blueprint = family.blueprint(config);
      LoadedWeights weights =
          LoadedWeights.load(
              recognised.checkpoint(), blueprint.weights(), config.precision().dtype(), memory);
      LoadedNetwork<C> loaded = new LoadedNetwork<>(family, config, blueprint, weights, memory);
      if (recorded) {
        recording.stop();
      }
      String colours = file.metadata().getOrDefault(Checkpoint.PALETTE, "");
      Palette palette = Palette.parse(colours, config.classes()).orElse(null);
      return new Network(family, loaded, Labels.of(file, config), palette, device, arena);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /**
   * Draws the weights of a network before training.
   *
   * @param <C> what describes networks of the family
   * @param family the family
   * @param config the network
   * @param seed of the random numbers
   * @param owner of the tensors
   * @return float32 tensors under the published keys, in the order of the state dict
   * @throws IllegalArgumentException if such a network can't be made
   */
  public static <C extends NetworkConfig> SequencedMap<String, Tensor> draw(
      Architecture<C> family, C config, long seed, Arena owner) {
    return RandomWeights.draw(family.blueprint(family.atBirth(config)).weights(), seed, owner);
  }

  /**
   * Draws a head over a classifier, to start a training.
   *
   * @param <C> what describes networks of the family
   * @param family of a head over a backbone
   * @param config of the network that will be trained
   * @param classifier a network like the backbone; its head is left out
   * @param seed of the rest
   * @param owner of the tensors
   * @return float32 tensors under the published keys
   * @throws WeightsException if the classifier has other weights than the backbone
   * @throws IllegalArgumentException if the network is no head over a backbone
   */
  public static <C extends NetworkConfig> SequencedMap<String, Tensor> drawOver(
      Architecture<C> family, C config, Recognised<?> classifier, long seed, Arena owner) {
    C born = family.atBirth(config);
    SequencedMap<String, Tensor> weights = new LinkedHashMap<>(draw(family, config, seed, owner));
    FileMemory.guard(
        classifier.checkpoint().path(),
        () -> {
          BackboneWeights.put(weights, family.blueprint(born), born, classifier, owner);
          return weights;
        });
    return weights;
  }

  /**
   * Fits the weights of a checkpoint to start a training, perhaps with other classes or images of
   * another size.
   *
   * @param <C> what describes networks of the family
   * @param recognised the checkpoint's network
   * @param config of the network that will be trained
   * @param seed for a head that is drawn
   * @param owner of the tensors
   * @return float32 tensors under the published keys, in the checkpoint's order
   * @throws WeightsException if the checkpoint has no square grid of positions
   * @throws io.panamba.model.checkpoint.CheckpointException if the file has changed since it was
   *     opened, or takes more memory than there is
   * @throws IllegalArgumentException if such a network can't be made
   */
  public static <C extends NetworkConfig> SequencedMap<String, Tensor> fit(
      Recognised<C> recognised, C config, long seed, Arena owner) {
    Architecture<C> family = recognised.family();
    Checkpoint checkpoint = recognised.checkpoint();
    C born = family.atBirth(config);
    Blueprint<C> blueprint = family.blueprint(born);
    return FileMemory.guard(
        checkpoint.path(),
        () ->
            FittedWeights.of(
                checkpoint,
                blueprint.weights(),
                family::isKnown,
                (weight, stored) -> fit(blueprint, born, weight, stored),
                family.heads(),
                seed,
                owner));
  }

  /** Fits the position embedding to the network's own grid. */
  private static <C extends NetworkConfig> Optional<float[]> fit(
      Blueprint<C> blueprint, C config, Weight weight, StoredTensor stored) {
    if (!blueprint.positions().equals(Optional.of(weight))) {
      return Optional.empty();
    }
    return Optional.of(blueprint.fitPositions(config, stored.toFloats()));
  }

  /**
   * Returns the network's family.
   *
   * @return the family
   */
  public Architecture<?> family() {
    return family;
  }

  /**
   * Suits options to who writes pictures: as bytes where they have to be copied to a device, since
   * that takes a quarter of the time.
   *
   * @param options what is wanted
   * @return the same, with an input of bytes for a network of three colours on a GPU
   */
  public InferenceOptions forPictures(InferenceOptions options) {
    boolean takesPictures = config().colours() == RgbImage.CHANNELS;
    return device.hasOwnMemory() && takesPictures ? options.withBytes() : options;
  }

  /**
   * Returns the network's description, with the image size that was asked for or trained for.
   *
   * @return the configuration
   */
  public NetworkConfig config() {
    return loaded.config();
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
   * Returns the colours of the classes.
   *
   * @return those that the checkpoint carries, if there is one for each class
   */
  public Optional<Palette> palette() {
    return Optional.ofNullable(palette);
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
   * @throws IllegalArgumentException if an image is too small for the network
   * @throws WeightsException if logits are wanted of a checkpoint without a head
   * @throws WorkspaceException if its memory is not to be had: size, stride and widths may be what
   *     a file says
   * @throws io.panamba.runtime.ShapeException if a tensor would have 2^59 elements or more
   * @throws IllegalStateException if the network is closed
   */
  public Inference plan(InferenceOptions options) {
    requireOpen();
    NetworkConfig sized = config().withImage(new ImageSize(options.height(), options.width()));
    CountingArena workspace = CountingArena.ofWorkspace();
    try {
      Recording recording = Recording.plan(sized, options, device, workspace);
      boolean recorded = recording.start();
      Program program = loaded.write(options, new DeviceMemory(device, workspace));
      Plan plan = device.plan(program.operations());
      if (recorded) {
        recording.stop();
      }
      Recording runs = Recording.inference(sized, options, device);
      return new Inference(workspace, plan, program, options, runs);
    } catch (OutOfMemoryError e) {
      workspace.close();
      throw LongMemory.notToBeHad(e);
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
   * @throws IllegalArgumentException if the image is too small for the network, if the network
   *     can't take an image in parts, or if it is on a GPU
   * @throws WeightsException if logits are wanted of a checkpoint without a head
   * @throws WorkspaceException if memory or a temporary file are not to be had
   * @throws InferenceInterruptedException if the thread is interrupted meanwhile
   * @throws IllegalStateException if the network is closed
   */
  public StreamedInference stream(StreamOptions options) {
    requireOpen();
    CountingArena workspace = CountingArena.ofWorkspace();
    try {
      return new StreamedInference(stream(family, loaded, options, workspace), options, workspace);
    } catch (OutOfMemoryError e) {
      workspace.close();
      throw LongMemory.notToBeHad(e);
    } catch (RuntimeException | Error e) {
      workspace.close();
      throw e;
    }
  }

  @SuppressWarnings("unchecked") // The network is of the family.
  private static <C extends NetworkConfig> StreamedProgram stream(
      Architecture<C> family,
      LoadedNetwork<?> network,
      StreamOptions options,
      CountingArena workspace) {
    if (!(family instanceof Streaming<C> streaming)) {
      throw new IllegalArgumentException(
          "a network of the family %s needs images as a whole; plan an ordinary inference"
              .formatted(family.title()));
    }
    return streaming.stream((LoadedNetwork<C>) network, options, workspace);
  }

  private void requireOpen() {
    if (!Arenas.isOpen(arena.scope())) {
      throw new IllegalStateException("the network is closed");
    }
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
