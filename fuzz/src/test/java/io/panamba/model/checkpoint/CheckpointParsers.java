package io.panamba.model.checkpoint;

import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;

/** Checkpoints and their parts, for fuzzing. */
public final class CheckpointParsers {
  private static final Path NAME = Path.of("input");
  private static final int TENSOR_BYTES = 1 << 12;

  /** A view may repeat elements: only so many are read. */
  private static final int MAX_ELEMENTS = 1 << 12;

  private CheckpointParsers() {}

  /**
   * Opens a file as any container and reads its tensors.
   *
   * @param file the input
   * @return what it holds
   */
  public static Object checkpoint(Path file) {
    try (Checkpoint checkpoint = Checkpoint.open(file)) {
      return content(checkpoint);
    }
  }

  /**
   * Opens an index, beside which lie {@code 1.safetensors} with {@code a} and {@code b}, {@code
   * 2.safetensors} with {@code c}, and a folder {@code sub} that holds the same files.
   *
   * @param file the input
   * @return what all files hold, and which they are
   * @throws IOException if the shards can't be written
   */
  public static Object index(Path file) throws IOException {
    Path folder = file.resolveSibling("sub");
    if (!Files.isSymbolicLink(folder)) {
      shard(file.resolveSibling("1.safetensors"), "a", "b");
      shard(file.resolveSibling("2.safetensors"), "c");
      Files.createSymbolicLink(folder, Path.of("."));
    }
    try (Checkpoint checkpoint = Checkpoint.open(file)) {
      return List.of(content(checkpoint), Checkpoint.files(file));
    }
  }

  private static void shard(Path file, String... keys) {
    try (Arena arena = Arena.ofConfined()) {
      Map<String, Tensor> tensors = new HashMap<>();
      for (String key : keys) {
        tensors.put(key, Tensor.of(arena, Shape.of(1), 1));
      }
      SafetensorsWriter.write(file, tensors, Map.of());
    }
  }

  /**
   * Reads a header of safetensors; its length before it and some data after it are made here.
   *
   * @param header JSON
   * @return what the file holds
   */
  public static Object safetensors(byte[] header) {
    try (Checkpoint checkpoint = Checkpoint.read("input", safetensors(header, TENSOR_BYTES))) {
      return content(checkpoint);
    }
  }

  /**
   * Makes a safetensors file.
   *
   * @param header JSON
   * @param dataBytes after it, zeros
   * @return its bytes
   */
  public static byte[] safetensors(byte[] header, int dataBytes) {
    return ByteBuffer.allocate(Long.BYTES + header.length + dataBytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(header.length)
        .put(header)
        .array();
  }

  private static Object content(Checkpoint checkpoint) {
    List<Object> content = new ArrayList<>();
    content.add(checkpoint.metadata());
    for (String key : checkpoint.keys()) {
      StoredTensor tensor = checkpoint.find(key).orElseThrow();
      content.add(tensor.toString());
      if (tensor.dtype().isFloating() && tensor.shape().elements() <= MAX_ELEMENTS) {
        float sum = 0;
        for (float element : tensor.toFloats()) {
          sum += element;
        }
        content.add(sum);
      }
    }
    return content;
  }

  /**
   * Reads a pickle.
   *
   * @param pickle its opcodes
   * @return the kind of object it makes: pickles may hold themselves, and can't be compared
   */
  public static Object pickle(byte[] pickle) {
    return in(pickle, (bytes, _) -> PickleReader.read(new Cursor(NAME, bytes)).getClass());
  }

  /**
   * Reads a zip's directory and every entry.
   *
   * @param zip the file
   * @return names and sizes
   */
  public static Object zip(byte[] zip) {
    return in(
        zip,
        (bytes, arena) -> {
          ZipDirectory directory = ZipDirectory.read(NAME, bytes, arena);
          List<Object> entries = new ArrayList<>();
          for (String name : directory.names()) {
            entries.add(name);
            entries.add(directory.content(name).size());
          }
          return entries;
        });
  }

  /**
   * Parses JSON.
   *
   * @param json its UTF-8
   * @return the value
   */
  public static Object json(byte[] json) {
    return Json.parse(NAME, new String(json, StandardCharsets.UTF_8));
  }

  private static Object in(byte[] input, BiFunction<Bytes, Arena, Object> read) {
    try (Arena arena = Arena.ofConfined()) {
      return read.apply(Bytes.of(arena.allocateFrom(ValueLayout.JAVA_BYTE, input)), arena);
    }
  }
}
