package io.panamba.model.checkpoint;

import io.panamba.runtime.Arenas;
import io.panamba.runtime.PanambaException;
import io.panamba.runtime.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * A file of named tensors: PyTorch's (zip, or the container from before 1.6) or safetensors'. The
 * file is mapped and its tensors are read where they lie, until {@link #close}. A checkpoint is
 * data: whatever it names, nothing of it is executed.
 */
public final class Checkpoint implements AutoCloseable {
  /** What a container holds. */
  record Content(Map<String, StoredTensor> tensors, Map<String, String> metadata) {}

  private final Path path;
  private final Arena arena;
  private final Content content;

  private Checkpoint(Path path, Arena arena, Content content) {
    this.path = path;
    this.arena = arena;
    this.content = content;
  }

  /**
   * Opens a file. Of a trainer's dump the dictionary {@code model} is read, or else {@code
   * state_dict} or {@code model_ema}.
   *
   * @param path the file; its content tells the container, not its name
   * @return the checkpoint
   * @throws CheckpointException if it can't be read
   */
  public static Checkpoint open(Path path) {
    return open(path, null);
  }

  /**
   * Opens a file and reads a dictionary of that name in it.
   *
   * @param path the file
   * @param dictionary such as {@code model_ema}, or null for what {@link #open(Path)} reads
   * @return the checkpoint
   * @throws CheckpointException if the file can't be read or has no such dictionary
   */
  public static Checkpoint open(Path path, String dictionary) {
    return open(path, arena -> map(path, arena), dictionary);
  }

  private static Checkpoint open(
      Path path, Function<Arena, MemorySegment> file, String dictionary) {
    Arena arena = Arenas.shared();
    try {
      return new Checkpoint(path, arena, read(path, file.apply(arena), dictionary));
    } catch (CheckpointException e) {
      arena.close();
      throw e;
    } catch (PanambaException e) {
      arena.close();
      throw new CheckpointException(path, e.getMessage(), e);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /**
   * Reads the content of a file that is in memory.
   *
   * @param name of a file, for errors
   * @param data the content; copied
   * @return the checkpoint
   * @throws CheckpointException if it can't be read
   */
  public static Checkpoint read(String name, byte[] data) {
    return open(Path.of(name), arena -> arena.allocateFrom(ValueLayout.JAVA_BYTE, data), null);
  }

  /**
   * Makes a checkpoint of tensors in memory, which have to outlive its use.
   *
   * @param tensors by key
   * @return the checkpoint, which owns nothing
   */
  public static Checkpoint of(Map<String, Tensor> tensors) {
    Map<String, StoredTensor> stored = new LinkedHashMap<>();
    tensors.forEach(
        (key, tensor) ->
            stored.put(
                key,
                new StoredTensor(
                    key,
                    tensor.dtype(),
                    tensor.shape(),
                    StoredTensor.denseStrides(tensor.shape()),
                    tensor.segment())));
    return new Checkpoint(Path.of("memory"), Arenas.shared(), new Content(stored, Map.of()));
  }

  private static MemorySegment map(Path path, Arena arena) {
    if (Files.isDirectory(path)) {
      throw new CheckpointException(path, "this is a folder; expected a checkpoint file");
    }
    try (FileChannel channel = FileChannel.open(path)) {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
    } catch (NoSuchFileException e) {
      throw new CheckpointException(path, "there is no such file", e);
    } catch (IOException e) {
      throw new CheckpointException(path, "the file can't be read: " + e.getMessage(), e);
    }
  }

  private static Content read(Path path, MemorySegment file, String dictionary) {
    Cursor cursor = new Cursor(path, file);
    if (cursor.startsWith(0, 'P', 'K')) {
      return TorchZip.read(path, file, dictionary);
    }
    if (cursor.startsWith(0, 0x80, 2)) {
      return TorchLegacy.read(path, file, dictionary);
    }
    if (cursor.startsWith(8, '{')) {
      return Safetensors.read(path, file);
    }
    throw new CheckpointException(path, "this is neither a PyTorch nor a safetensors file");
  }

  /**
   * Returns the file.
   *
   * @return its path as given, or {@code memory}
   */
  public Path path() {
    return path;
  }

  /**
   * Returns the names of all tensors.
   *
   * @return the keys in the order of the file
   */
  public Set<String> keys() {
    return Collections.unmodifiableSet(content.tensors().keySet());
  }

  /**
   * Finds a tensor.
   *
   * @param key its name
   * @return the tensor, if there is one of that name
   */
  public Optional<StoredTensor> find(String key) {
    return Optional.ofNullable(content.tensors().get(key));
  }

  /**
   * Returns a safetensors file's metadata, or, for PyTorch's, which dictionary was read, as {@code
   * dictionary}.
   *
   * @return text by name
   */
  public Map<String, String> metadata() {
    return Collections.unmodifiableMap(content.metadata());
  }

  /** Unmaps the file. Tensors may not be read after it. A second close does nothing. */
  @Override
  public void close() {
    arena.close();
  }
}
