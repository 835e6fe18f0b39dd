package io.panamba.model.checkpoint;

import io.panamba.runtime.Arenas;
import io.panamba.runtime.PanambaException;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A file of named tensors: PyTorch's (zip, or the container from before 1.6), safetensors', or
 * several of them with an index. The file stays open and its tensors are copied when they are asked
 * for, until {@link #close}. A checkpoint is data: whatever it names, nothing of it is executed.
 *
 * <p>Reading takes time and memory in proportion to the file, whatever it says of itself. A file
 * that changes while it is open is a {@link CheckpointException}; nothing of a file is mapped. A
 * read that is interrupted is one too, and ends the reading of that file.
 */
public final class Checkpoint implements AutoCloseable {
  /** Metadata: the names of classes that a trainer wrote, a line each. */
  public static final String CLASSES = "meta.classes";

  /** Metadata: the colours of classes that a trainer wrote, RRGGBB in a line each. */
  public static final String PALETTE = "meta.palette";

  /**
   * What a container holds.
   *
   * @param tensors by key
   * @param unreadable the element types that are not known, by the keys of their tensors, and
   *     {@link #UNKNOWN} for what is made in an unknown way
   * @param metadata text by name
   */
  record Content(
      Map<String, StoredTensor> tensors,
      Map<String, String> unreadable,
      Map<String, String> metadata) {}

  /** What a checkpoint keeps open; closed once. */
  private static final class Resources implements AutoCloseable {
    private final Arena arena = Arenas.shared();
    private final List<AutoCloseable> files = new ArrayList<>();
    private final AtomicBoolean closed = new AtomicBoolean();

    @Override
    public void close() {
      if (closed.compareAndSet(false, true)) {
        for (AutoCloseable file : files) {
          try {
            file.close();
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        }
        arena.close();
      }
    }
  }

  /**
   * What other names were given.
   *
   * @param names the rules
   * @param before the names before, of the keys that have others
   * @param beside the keys that a network may leave out
   * @param prefixes that were taken off before
   * @param start what stood before every name
   */
  private record Renamed(
      KeyMap names,
      Map<String, String> before,
      Set<String> beside,
      List<String> prefixes,
      String start) {}

  /** Of what a pickle makes by a function that is not read: perhaps a tensor, perhaps not. */
  static final String UNKNOWN = "";

  /** Between the names of parts. */
  static final String JOINED = " + ";

  private final Path path;
  private final Resources resources;
  private final Content content;
  private final Prefixes.Reading reading;

  /** How the content has come to its names; null if they are the file's. */
  private final Renamed renamed;

  private Checkpoint(
      Path path, Resources resources, Content content, Prefixes.Reading reading, Renamed renamed) {
    this.path = path;
    this.resources = resources;
    this.content = content;
    this.reading = reading;
    this.renamed = renamed;
  }

  private Checkpoint(Path path, Resources resources, Content content) {
    this(path, resources, content, Prefixes.asTheyStand(keys(content)), null);
  }

  /**
   * Opens a file, an index of several ({@code model.safetensors.index.json}), or a folder that
   * holds one of these under its usual name. Of a trainer's dump that dictionary is read which
   * holds most tensors: the outermost, {@code model}, {@code state_dict}, {@code model_ema} or the
   * like.
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
   * @param path the file, as {@link #open(Path)}
   * @param dictionary such as {@code model_ema}, or null for what {@link #open(Path)} reads
   * @return the checkpoint
   * @throws CheckpointException if the file can't be read or has no such dictionary
   */
  public static Checkpoint open(Path path, String dictionary) {
    Path file = Files.isDirectory(path) ? Shards.fileOf(path) : path;
    return read(
        file,
        resources -> {
          if (Shards.isIndex(file)) {
            return Shards.read(file, dictionary, resources.files);
          }
          return readFile(file, dictionary, resources);
        });
  }

  /** Opens a file that is neither an index nor a folder: an index of these would have no end. */
  static Checkpoint openFile(Path file, String dictionary) {
    return read(file, resources -> readFile(file, dictionary, resources));
  }

  /**
   * Tells which files {@link #open(Path)} reads. A program that writes files asks, so as not to
   * replace one of them.
   *
   * @param path as of {@link #open(Path)}
   * @return the file, or an index and the files it names, which may be missing
   * @throws CheckpointException if it is an index that can't be read, or a folder without a
   *     checkpoint
   */
  public static List<Path> files(Path path) {
    Path file = Files.isDirectory(path) ? Shards.fileOf(path) : path;
    if (!Shards.isIndex(file)) {
      return List.of(file);
    }
    return guarded(
        file,
        () -> {
          List<Path> files = new ArrayList<>(Shards.files(file));
          files.addFirst(file);
          return List.copyOf(files);
        });
  }

  private static Content readFile(Path file, String dictionary, Resources resources) {
    FileSource source = FileSource.open(file);
    resources.files.add(source);
    return read(file, source.bytes(), resources.arena, dictionary);
  }

  /** A file decides how much memory is taken: if there is not so much, that is its fault. */
  private static <T> T guarded(Path file, Supplier<T> work) {
    try {
      return work.get();
    } catch (OutOfMemoryError e) {
      throw memory(file, e);
    }
  }

  private static CheckpointException memory(Path file, OutOfMemoryError e) {
    return new CheckpointException(file, "reading it takes more memory than there is", e);
  }

  private static Checkpoint read(Path path, Function<Resources, Content> reader) {
    Resources resources = new Resources();
    try {
      return new Checkpoint(path, resources, reader.apply(resources));
    } catch (CheckpointException e) {
      resources.close();
      throw e;
    } catch (PanambaException e) {
      resources.close();
      throw new CheckpointException(path, e.getMessage(), e);
    } catch (OutOfMemoryError e) {
      resources.close();
      throw memory(path, e);
    } catch (RuntimeException | Error e) {
      resources.close();
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
    Path path = Path.of(name);
    return read(
        path,
        resources ->
            read(
                path,
                Bytes.of(resources.arena.allocateFrom(ValueLayout.JAVA_BYTE, data)),
                resources.arena,
                null));
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
                    Bytes.of(tensor.segment()))));
    return new Checkpoint(
        Path.of("memory"), new Resources(), new Content(stored, Map.of(), Map.of()));
  }

  private static Content read(Path path, Bytes file, Arena arena, String dictionary) {
    Cursor cursor = new Cursor(path, file);
    // First: a header of 640 bytes begins as a pickle does, and one of 19,280 as a zip.
    if (cursor.startsWith(8, '{')) {
      return Safetensors.read(path, file);
    }
    if (cursor.startsWith(0, 'P', 'K')) {
      return TorchZip.read(path, file, arena, dictionary);
    }
    if (cursor.startsWith(0, 0x80, 2)) {
      return TorchLegacy.read(path, file, dictionary);
    }
    throw new CheckpointException(path, "this is neither a PyTorch nor a safetensors file");
  }

  private static Set<String> keys(Content content) {
    if (content.unreadable().isEmpty()) {
      return content.tensors().keySet();
    }
    Set<String> keys = new LinkedHashSet<>(content.tensors().keySet());
    keys.addAll(content.unreadable().keySet());
    return keys;
  }

  /** Adds the tensors to those of other files, none of which may have the same key. */
  void addTo(Map<String, StoredTensor> tensors, Map<String, String> unreadable) {
    for (String key : keys()) {
      if (tensors.containsKey(key) || unreadable.containsKey(key)) {
        throw new CheckpointException(path, "%s is in another file too".formatted(key));
      }
    }
    tensors.putAll(content.tensors());
    unreadable.putAll(content.unreadable());
  }

  /**
   * Returns the ways to read the keys: as they stand, and without what a wrapper or a larger model
   * has put before them ({@code module.}, {@code _orig_mod.}, {@code model.}, {@code backbone.},
   * {@code encoder.}, also within each other, also before some keys alone). A network takes the
   * first that fits it.
   *
   * @return views of this checkpoint, which close with it
   */
  public List<Checkpoint> readings() {
    if (renamed != null) {
      return List.of(this);
    }
    return Prefixes.readings(keys(content)).stream()
        .map(other -> new Checkpoint(path, resources, content, other, null))
        .toList();
  }

  /**
   * Gives the tensors other names, and makes one tensor of several, as rules say. What no rule is
   * for keeps its name.
   *
   * @param names the rules
   * @return a view of this checkpoint, which closes with it and has only this reading
   * @throws WeightsException if a part is missing or does not fit the others, or if two tensors get
   *     one name; the message has the names of this checkpoint
   */
  public Checkpoint under(KeyMap names) {
    return guarded(path, () -> renamed(names));
  }

  /**
   * Sees tensors under other shapes, as other programs store them: a product as a convolution of
   * one pixel, or several matrices as one.
   *
   * @param shapes makes of a key and its shape another of as many elements, or the same
   * @return a view of this checkpoint. Tensors whose elements don't follow each other keep their
   *     shapes
   */
  public Checkpoint shaped(BiFunction<String, Shape, Shape> shapes) {
    Map<String, StoredTensor> tensors = new LinkedHashMap<>(content.tensors());
    for (String key : keys()) {
      String stored = stored(key);
      StoredTensor tensor = tensors.get(stored);
      if (tensor != null) {
        Shape shape = shapes.apply(key, tensor.shape());
        if (!shape.equals(tensor.shape())) {
          tensors.put(stored, tensor.shaped(shape));
        }
      }
    }
    Content other = new Content(tensors, content.unreadable(), content.metadata());
    return new Checkpoint(path, resources, other, reading, renamed);
  }

  private Checkpoint renamed(KeyMap names) {
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    Map<String, String> unreadable = new LinkedHashMap<>();
    Map<String, String> before = new HashMap<>();
    Set<String> beside = new HashSet<>();
    names
        .targets(keys())
        .forEach(
            (key, parts) -> {
              requireAll(names, key, parts);
              if (parts.stream().allMatch(part -> names.leavesOut(part) || isBeside(part))) {
                beside.add(key);
              }
              List<StoredTensor> found = new ArrayList<>();
              for (String part : parts) {
                String stored = stored(part);
                String type = content.unreadable().get(stored);
                if (type == null) {
                  found.add(content.tensors().get(stored));
                } else if (unreadable.putIfAbsent(key, type) == null) {
                  before.put(key, part);
                }
              }
              if (!unreadable.containsKey(key)) {
                before.put(key, String.join(JOINED, parts));
                tensors.put(
                    key,
                    parts.size() == 1
                        ? found.getFirst()
                        : JoinedTensors.join(parts, found, resources.arena));
              }
              before.remove(key, key);
            });
    Content other = new Content(tensors, unreadable, content.metadata());
    return new Checkpoint(
        path,
        resources,
        other,
        Prefixes.asTheyStand(keys(other)),
        new Renamed(names, before, beside, removedPrefixes(), ""));
  }

  /**
   * Sees the tensors of a part of a network alone.
   *
   * @param prefix of their names, such as {@code backbone.}, which is taken off
   * @return a view of this checkpoint, which closes with it and has only this reading
   */
  public Checkpoint below(String prefix) {
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    Map<String, String> unreadable = new LinkedHashMap<>();
    Map<String, String> before = new HashMap<>();
    Set<String> beside = new HashSet<>();
    for (String whole : keys()) {
      if (whole.startsWith(prefix)) {
        String key = whole.substring(prefix.length());
        String stored = stored(whole);
        String type = content.unreadable().get(stored);
        if (type == null) {
          tensors.put(key, content.tensors().get(stored));
        } else {
          unreadable.put(key, type);
        }
        before.put(key, nameBefore(whole));
        if (isBeside(whole)) {
          beside.add(key);
        }
      }
    }
    Content part = new Content(tensors, unreadable, content.metadata());
    return new Checkpoint(
        path,
        resources,
        part,
        Prefixes.asTheyStand(keys(part)),
        new Renamed(KeyMap.builder().build(), before, beside, removedPrefixes(), prefix));
  }

  /**
   * Folds batch norms, as they are at inference, into the layers before them.
   *
   * @param norms of which the layers' tensors are {@code weight} and perhaps {@code bias}, and the
   *     norms' {@code weight}, {@code bias}, {@code running_mean} and {@code running_var}
   * @return a view of this checkpoint, which closes with it: layers have their weight in float32
   *     and a bias, and there are no norms. They are computed when they are asked for
   * @throws WeightsException if a tensor is missing or does not fit the others
   */
  public Checkpoint folded(List<BatchNorm> norms) {
    return guarded(path, () -> withoutNorms(norms));
  }

  private Checkpoint withoutNorms(List<BatchNorm> norms) {
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    keys().forEach(key -> find(key).ifPresent(tensor -> tensors.put(key, tensor)));
    Map<String, String> before = new HashMap<>();
    keys().forEach(key -> before.put(key, nameBefore(key)));
    Set<String> beside = new HashSet<>(keys());
    beside.removeIf(key -> !isBeside(key));
    for (BatchNorm norm : norms) {
      norm.fold(this, tensors, resources.arena);
    }
    Content other = new Content(tensors, Map.of(), content.metadata());
    KeyMap names = renamed == null ? KeyMap.builder().build() : renamed.names;
    String start = renamed == null ? "" : renamed.start;
    return new Checkpoint(
        path,
        resources,
        other,
        Prefixes.asTheyStand(keys(other)),
        new Renamed(names, before, beside, removedPrefixes(), start));
  }

  private static void requireAll(KeyMap names, String key, List<String> parts) {
    int missing = parts.indexOf(null);
    if (missing >= 0) {
      throw new WeightsException(
          "%s is missing beside %s"
              .formatted(
                  names.foreign(key).get(missing),
                  parts.stream().filter(Objects::nonNull).findFirst().orElseThrow()));
    }
  }

  /**
   * Tells what a tensor is called, or would be, where it was before {@link #under} gave it another
   * name. Errors say this name, which is the one that a user knows.
   *
   * @param key its name here
   * @return its name before, or those of its parts with {@code +} between them; the same name if
   *     there was no other
   */
  public String nameBefore(String key) {
    if (renamed == null) {
      return key;
    }
    String name = renamed.before.get(key);
    if (name != null || keys().contains(key)) {
      return name == null ? key : name;
    }
    return renamed.start + String.join(JOINED, renamed.names.foreign(key));
  }

  /** Tells whether this is of a file, or of several, and not of memory. */
  boolean isOfFiles() {
    return !resources.files.isEmpty();
  }

  /**
   * Returns what this reading takes off the keys.
   *
   * @return prefixes, the outermost first
   */
  public List<String> removedPrefixes() {
    return renamed == null ? reading.removed() : renamed.prefixes;
  }

  /**
   * Tells whether a network may leave a tensor out of account: a counter (a whole number, such as
   * {@code n_averaged}), a tensor that had none of the prefixes that others had, one that a {@link
   * KeyMap} leaves out, or what may be no tensor at all.
   *
   * @param key its name
   * @return false for a tensor that belongs to the network, if any does
   */
  public boolean isBeside(String key) {
    String stored = stored(key);
    if (stored == null) {
      return false;
    }
    StoredTensor tensor = content.tensors().get(stored);
    return reading.isBeside(stored)
        || (renamed != null && renamed.beside.contains(key))
        || UNKNOWN.equals(content.unreadable().get(stored))
        || (tensor != null && tensor.shape().rank() == 0 && !tensor.dtype().isFloating());
  }

  private String stored(String key) {
    return guarded(path, () -> reading.key(key));
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
   * @return the keys in the order of the file, without the prefixes that this reading takes off
   */
  public Set<String> keys() {
    return reading.names();
  }

  /**
   * Finds a tensor.
   *
   * @param key its name
   * @return the tensor, if there is one of that name
   * @throws CheckpointException if its elements are of a type that is not read, or if there are so
   *     many keys that finding one takes more memory than there is
   */
  public Optional<StoredTensor> find(String key) {
    String stored = stored(key);
    if (stored == null) {
      return Optional.empty();
    }
    String type = content.unreadable().get(stored);
    if (UNKNOWN.equals(type)) {
      throw new CheckpointException(
          path,
          "%s is made by a function that is not read, such as those of quantised tensors; save plain tensors"
              .formatted(nameBefore(key)));
    }
    if (type != null) {
      throw new CheckpointException(
          path,
          "%s has elements of type %s, which is not read; float32, bfloat16 and float16 are"
              .formatted(nameBefore(key), name(type)));
    }
    return Optional.ofNullable(content.tensors().get(stored));
  }

  /** Names the 8-bit types of safetensors as PyTorch does. */
  private static String name(String type) {
    return type.startsWith("F8_")
        ? "%s (float8_%s)".formatted(type, type.substring(3).toLowerCase(Locale.ROOT))
        : type;
  }

  /**
   * Returns a safetensors file's metadata, or, for PyTorch's, which dictionary was read, as {@code
   * dictionary}, and {@link #CLASSES} and {@link #PALETTE} where a trainer wrote them.
   *
   * @return text by name
   */
  public Map<String, String> metadata() {
    return Collections.unmodifiableMap(content.metadata());
  }

  /** Closes the file. Tensors may not be read after it. A second close does nothing. */
  @Override
  public void close() {
    resources.close();
  }
}
