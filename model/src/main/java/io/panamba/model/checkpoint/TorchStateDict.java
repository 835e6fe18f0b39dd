package io.panamba.model.checkpoint;

import io.panamba.model.checkpoint.Pickle.Dictionary;
import io.panamba.model.checkpoint.Pickle.View;
import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Finds the state dict in what a PyTorch file holds, and its tensors' bytes. */
final class TorchStateDict {
  private static final String PREFIX = "module.";
  private static final List<String> NAMES = List.of("model", "state_dict", "model_ema", "module");

  private static final long MAX_REPEATED = 1 << 20;

  private record Found(String name, Dictionary dictionary) {}

  private final Path path;
  private final Function<Pickle.Storage, MemorySegment> storages;

  private TorchStateDict(Path path, Function<Pickle.Storage, MemorySegment> storages) {
    this.path = path;
    this.storages = storages;
  }

  /**
   * Reads the tensors of a state dict; other entries are ignored, and the bytes of other tensors
   * are not touched.
   *
   * @param root what the pickle holds
   * @param wanted the dictionary's name, or null for the usual ones
   * @param storages finds the bytes of a storage
   */
  static Checkpoint.Content read(
      Path path, Object root, String wanted, Function<Pickle.Storage, MemorySegment> storages) {
    return new TorchStateDict(path, storages).read(root, wanted);
  }

  private Checkpoint.Content read(Object root, String wanted) {
    Found found = find(root, wanted);
    Map<String, View> views = new LinkedHashMap<>();
    for (Dictionary.Entry entry : found.dictionary().entries) {
      if (entry.key() instanceof String key && entry.value() instanceof View view) {
        views.put(key, view);
      }
    }
    int prefixes = prefixes(views);
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    views.forEach(
        (name, view) -> {
          String key = name.substring(prefixes * PREFIX.length());
          tensors.put(key, tensor(key, view));
        });
    return new Checkpoint.Content(tensors, Map.of("dictionary", found.name()));
  }

  private Found find(Object root, String wanted) {
    if (!(root instanceof Dictionary top)) {
      throw new CheckpointException(path, "the file holds no dictionary of tensors");
    }
    if (wanted == null && holdsTensors(top)) {
      return new Found("", top);
    }
    for (String name : wanted == null ? NAMES : List.of(wanted)) {
      if (top.find(name) instanceof Dictionary nested && holdsTensors(nested)) {
        return new Found(name, nested);
      }
    }
    throw new CheckpointException(
        path,
        "the file holds no tensors under %s"
            .formatted(wanted == null ? String.join(", ", NAMES) : wanted));
  }

  private static boolean holdsTensors(Dictionary dictionary) {
    return dictionary.entries.stream()
        .anyMatch(entry -> entry.key() instanceof String && entry.value() instanceof View);
  }

  /** How often every key starts with "module.", which wrappers for parallel training add. */
  private static int prefixes(Map<String, View> views) {
    int count = 0;
    while (true) {
      String prefix = PREFIX.repeat(count + 1);
      if (!views.keySet().stream()
          .allMatch(key -> key.startsWith(prefix) && key.length() > prefix.length())) {
        return count;
      }
      count++;
    }
  }

  private StoredTensor tensor(String key, View view) {
    DType dtype = dtype(key, view.storage().type());
    Shape shape = Shape.of(View.array(view.sizes()));
    MemorySegment storage = storages.apply(view.storage());
    long elements = storage.byteSize() / dtype.bytes();
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
    // An expanded view repeats elements; beyond this it would only take memory.
    if (shape.elements() > Math.max(elements, MAX_REPEATED)) {
      throw new CheckpointException(
          path,
          "%s %s repeats the %d elements of its storage beyond reason"
              .formatted(key, shape, elements));
    }
    return new StoredTensor(
        key,
        dtype,
        shape,
        strides,
        storage.asSlice(offset * dtype.bytes(), extent * dtype.bytes()));
  }

  private long offset(String key, View view) {
    long offset = view.offset() + view.storage().viewOffset();
    if (view.offset() < 0 || view.storage().viewOffset() < 0 || offset < 0) {
      throw new CheckpointException(path, "%s has a negative offset".formatted(key));
    }
    return offset;
  }

  private DType dtype(String key, String storage) {
    return switch (storage) {
      case "FloatStorage" -> DType.F32;
      case "DoubleStorage" -> DType.F64;
      case "HalfStorage" -> DType.F16;
      case "BFloat16Storage" -> DType.BF16;
      case "LongStorage" -> DType.I64;
      case "IntStorage" -> DType.I32;
      case "ShortStorage" -> DType.I16;
      case "CharStorage" -> DType.I8;
      case "ByteStorage" -> DType.U8;
      case "BoolStorage" -> DType.BOOL;
      default ->
          throw new CheckpointException(
              path, "%s has elements in a %s, which is not supported".formatted(key, storage));
    };
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
