package io.panamba.model.checkpoint;

import io.panamba.model.checkpoint.Pickle.Dictionary;
import io.panamba.model.checkpoint.Pickle.Opaque;
import io.panamba.model.checkpoint.Pickle.View;
import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** Finds the state dict in what a PyTorch file holds, and its tensors' bytes. */
final class TorchStateDict {
  /** Under what names trainers keep a state dict, the one to be read first. */
  private static final List<String> NAMES =
      List.of(
          "model",
          "state_dict",
          "model_state_dict",
          "model_ema",
          "ema_state_dict",
          "state_dict_ema",
          "module",
          "net",
          "network");

  /** A state dict within a dictionary within a dictionary. */
  private static final int MAX_DEPTH = 4;

  private record Found(String name, Dictionary dictionary, long tensors) {}

  private final Path path;
  private final long most;
  private final Function<Pickle.Storage, Bytes> storages;
  private long bytes;

  private TorchStateDict(Path path, long fileBytes, Function<Pickle.Storage, Bytes> storages) {
    this.path = path;
    this.most = Limits.of(fileBytes, Limits.SHARING);
    this.storages = storages;
  }

  /**
   * Reads the tensors of a state dict; other entries are ignored, and the bytes of other tensors
   * are not touched.
   *
   * @param fileBytes the size of the file, which bounds that of all tensors
   * @param root what the pickle holds
   * @param wanted the dictionary's name, or null for the usual ones
   * @param storages finds the bytes of a storage
   */
  static Checkpoint.Content read(
      Path path,
      long fileBytes,
      Object root,
      String wanted,
      Function<Pickle.Storage, Bytes> storages) {
    return new TorchStateDict(path, fileBytes, storages).read(root, wanted);
  }

  private Checkpoint.Content read(Object root, String wanted) {
    if (!(root instanceof Dictionary top)) {
      throw new CheckpointException(path, "the file holds no dictionary of tensors");
    }
    Found found = wanted == null ? find(top) : named(top, wanted);
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    Map<String, String> unreadable = new LinkedHashMap<>();
    Map<String, View> views = new LinkedHashMap<>();
    for (Dictionary.Entry entry : found.dictionary().entries) {
      if (entry.key() instanceof String key && entry.value() instanceof View view) {
        views.put(key, view);
      } else if (entry.key() instanceof String key && entry.value() instanceof Opaque) {
        unreadable.put(key, Checkpoint.UNKNOWN);
      }
    }
    views.forEach(
        (key, view) ->
            dtype(view.type())
                .ifPresentOrElse(
                    dtype -> tensors.put(key, tensor(key, dtype, view)),
                    () -> unreadable.put(key, typeName(view.type()))));
    Map<String, String> metadata = new LinkedHashMap<>(TrainerClasses.of(top));
    metadata.put("dictionary", found.name());
    return new Checkpoint.Content(tensors, unreadable, metadata);
  }

  private Found named(Dictionary top, String wanted) {
    if (top.find(wanted) instanceof Dictionary nested && tensors(nested) > 0) {
      return new Found(wanted, nested, tensors(nested));
    }
    throw new CheckpointException(path, "the file holds no tensors under " + wanted);
  }

  /**
   * The dictionary with the most tensors: the outermost, or the first of the usual names, whose
   * dictionary may hold such a name again. A few tensors may lie beside a state dict, such as a
   * generator's state.
   */
  private Found find(Dictionary top) {
    Found best = new Found("", top, tensors(top));
    List<Found> level = List.of(best);
    for (int depth = 0; depth < MAX_DEPTH; depth++) {
      List<Found> next = new ArrayList<>();
      for (Found outer : level) {
        for (String name : NAMES) {
          if (next.size() < NAMES.size()
              && outer.dictionary().find(name) instanceof Dictionary nested) {
            String path = outer.name().isEmpty() ? name : outer.name() + "." + name;
            Found inner = new Found(path, nested, tensors(nested));
            best = inner.tensors() > best.tensors() ? inner : best;
            next.add(inner);
          }
        }
      }
      level = next;
    }
    if (best.tensors() == 0) {
      throw new CheckpointException(
          path,
          "the file holds no tensors, neither by themselves nor under " + String.join(", ", NAMES));
    }
    return best;
  }

  private static long tensors(Dictionary dictionary) {
    return dictionary.entries.stream()
        .filter(entry -> entry.key() instanceof String && entry.value() instanceof View)
        .count();
  }

  private StoredTensor tensor(String key, DType dtype, View view) {
    Shape shape = Shape.of(View.array(view.sizes()));
    Bytes storage = storages.apply(view.storage());
    long elements = storage.size() / dtype.bytes();
    long offset = offset(key, view);
    long[] strides = View.array(view.strides());
    if (view.strides().size() != view.sizes().size()) {
      throw new CheckpointException(path, "%s has strides that don't fit its shape".formatted(key));
    }
    long extent = StoredTensor.extent(key, shape, strides);
    if (offset > elements || extent > elements - offset) {
      throw new CheckpointException(
          path, "%s %s reaches beyond its storage of %d elements".formatted(key, shape, elements));
    }
    // An expanded view repeats elements, and views may share a storage.
    bytes += Math.min(shape.elements(), most) * dtype.bytes();
    if (bytes > most) {
      throw new CheckpointException(
          path,
          "%s %s: the tensors so far repeat the file's bytes beyond reason".formatted(key, shape));
    }
    return new StoredTensor(
        key, dtype, shape, strides, storage.slice(offset * dtype.bytes(), extent * dtype.bytes()));
  }

  private long offset(String key, View view) {
    long offset = view.offset() + view.storage().viewOffset();
    if (view.offset() < 0 || view.storage().viewOffset() < 0 || offset < 0) {
      throw new CheckpointException(path, "%s has a negative offset".formatted(key));
    }
    return offset;
  }

  /** The element type by the name of a storage's class, or of a dtype. */
  private static Optional<DType> dtype(String type) {
    return Optional.ofNullable(
        switch (type) {
          case "FloatStorage", "float32" -> DType.F32;
          case "DoubleStorage", "float64" -> DType.F64;
          case "HalfStorage", "float16" -> DType.F16;
          case "BFloat16Storage", "bfloat16" -> DType.BF16;
          case "LongStorage", "int64" -> DType.I64;
          case "IntStorage", "int32" -> DType.I32;
          case "ShortStorage", "int16" -> DType.I16;
          case "CharStorage", "int8" -> DType.I8;
          case "ByteStorage", "uint8" -> DType.U8;
          case "BoolStorage", "bool" -> DType.BOOL;
          default -> null;
        });
  }

  /** The name that a message shows: {@code Float8_e4m3fnStorage} is torch's float8_e4m3fn. */
  private static String typeName(String type) {
    return type.endsWith("Storage")
        ? type.substring(0, type.length() - "Storage".length()).toLowerCase(Locale.ROOT)
        : type;
  }

  /** Returns the size of an element of a storage, or 0 if its type is not known. */
  static int elementBytes(String storage) {
    return switch (storage) {
      case "ComplexDoubleStorage" -> 16;
      case "DoubleStorage", "LongStorage", "ComplexFloatStorage" -> 8;
      case "FloatStorage", "IntStorage" -> 4;
      case "HalfStorage", "BFloat16Storage", "ShortStorage" -> 2;
      case "CharStorage", "ByteStorage", "BoolStorage", "UntypedStorage" -> 1;
      default -> 0;
    };
  }
}
