package io.panamba.model.checkpoint;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The safetensors container: a length, a JSON header, then the tensors' bytes. */
final class Safetensors {
  static final String METADATA = "__metadata__";

  private record Extent(String key, long from, long to) {}

  private Safetensors() {}

  static Checkpoint.Content read(Path path, Bytes file) {
    Cursor cursor = new Cursor(path, file);
    long length = cursor.i64();
    if (length < 2 || length > Math.min(Limits.HEADER_BYTES, cursor.remaining())) {
      throw cursor.failure("a header of %d bytes does not fit the file".formatted(length));
    }
    Map<?, ?> header =
        object(path, Json.parse(path, cursor.text(length, Limits.HEADER_BYTES)), "the header");
    Bytes data = cursor.slice(cursor.remaining());
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    Map<String, String> unreadable = new LinkedHashMap<>();
    Map<String, String> metadata = new LinkedHashMap<>();
    List<Extent> extents = new ArrayList<>();
    header.forEach(
        (name, value) -> {
          String key = (String) name;
          Map<?, ?> entry = object(path, value, key);
          if (key.equals(METADATA)) {
            entry.forEach((k, v) -> metadata.put((String) k, text(path, v, METADATA)));
          } else {
            Extent extent = extent(path, key, entry, data.size());
            extents.add(extent);
            String type = text(path, entry.get("dtype"), key);
            dtype(type)
                .ifPresentOrElse(
                    dtype -> tensors.put(key, tensor(path, entry, dtype, extent, data)),
                    () -> unreadable.put(key, type));
          }
        });
    requireDisjoint(path, extents);
    return new Checkpoint.Content(tensors, unreadable, metadata);
  }

  private static Extent extent(Path path, String key, Map<?, ?> entry, long dataBytes) {
    long[] offsets = numbers(path, entry.get("data_offsets"), key);
    if (offsets.length != 2
        || offsets[0] < 0
        || offsets[1] < offsets[0]
        || offsets[1] > dataBytes) {
      throw new CheckpointException(path, "the bytes of %s lie outside the file".formatted(key));
    }
    return new Extent(key, offsets[0], offsets[1]);
  }

  private static StoredTensor tensor(
      Path path, Map<?, ?> entry, DType dtype, Extent extent, Bytes data) {
    String key = extent.key();
    Shape shape = Shape.of(numbers(path, entry.get("shape"), key));
    long bytes = shape.elements() * dtype.bytes();
    if (extent.to() - extent.from() != bytes) {
      throw new CheckpointException(
          path,
          "%s %s%s takes %d bytes; the file gives it %d"
              .formatted(key, dtype, shape, bytes, extent.to() - extent.from()));
    }
    return new StoredTensor(
        key, dtype, shape, StoredTensor.denseStrides(shape), data.slice(extent.from(), bytes));
  }

  private static Optional<DType> dtype(String name) {
    for (DType dtype : DType.values()) {
      if (dtype.name().equals(name)) {
        return Optional.of(dtype);
      }
    }
    return Optional.empty();
  }

  private static void requireDisjoint(Path path, List<Extent> extents) {
    extents.sort((a, b) -> Long.compare(a.from(), b.from()));
    for (int i = 1; i < extents.size(); i++) {
      if (extents.get(i).from() < extents.get(i - 1).to()) {
        throw new CheckpointException(
            path, "%s and %s overlap".formatted(extents.get(i - 1).key(), extents.get(i).key()));
      }
    }
  }

  private static Map<?, ?> object(Path path, Object value, String key) {
    if (value instanceof Map<?, ?> map) {
      return map;
    }
    throw new CheckpointException(path, "%s is no JSON object".formatted(key));
  }

  private static String text(Path path, Object value, String key) {
    if (value instanceof String text) {
      return text;
    }
    throw new CheckpointException(path, "an entry of %s is no text".formatted(key));
  }

  private static long[] numbers(Path path, Object value, String key) {
    if (value instanceof List<?> list && list.size() <= Limits.RANK) {
      long[] numbers = new long[list.size()];
      int count = 0;
      while (count < numbers.length && list.get(count) instanceof Long number) {
        numbers[count++] = number;
      }
      if (count == numbers.length) {
        return numbers;
      }
    }
    throw new CheckpointException(
        path, "an entry of %s is no list of whole numbers".formatted(key));
  }
}
