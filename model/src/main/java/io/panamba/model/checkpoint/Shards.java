package io.panamba.model.checkpoint;

import io.panamba.model.files.PathText;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A checkpoint in several files with an index, as Hugging Face writes large ones: {@code
 * NAME.safetensors.index.json} or {@code NAME.bin.index.json} with the file of each key.
 */
final class Shards {
  private static final String SUFFIX = ".index.json";
  private static final String WEIGHT_MAP = "weight_map";
  private static final int MAX_SHARDS = 4096;

  private Shards() {}

  static boolean isIndex(Path path) {
    Path name = path.getFileName();
    return name != null && name.toString().endsWith(SUFFIX);
  }

  /** The one file of a folder that is a checkpoint or the index of one. */
  static Path fileOf(Path folder) {
    for (String name :
        List.of(
            "model.safetensors" + SUFFIX,
            "model.safetensors",
            "pytorch_model.bin" + SUFFIX,
            "pytorch_model.bin")) {
      Path file = folder.resolve(name);
      if (Files.exists(file)) {
        return file;
      }
    }
    throw new CheckpointException(
        folder,
        "this is a folder without model.safetensors, pytorch_model.bin or an index of theirs;"
            + " expected a checkpoint file");
  }

  /**
   * Opens the files of an index.
   *
   * @param dictionary of each file, or null
   * @param opened told of every file, to be closed by the caller whatever happens
   */
  static Checkpoint.Content read(Path index, String dictionary, List<AutoCloseable> opened) {
    Map<String, List<String>> shards = shards(index);
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    Map<String, String> unreadable = new LinkedHashMap<>();
    Map<String, String> metadata = new LinkedHashMap<>();
    for (Map.Entry<String, List<String>> shard : shards.entrySet()) {
      Path file = beside(index, shard.getKey());
      if (!Files.exists(file)) {
        throw new CheckpointException(
            index, "the file %s of the index is missing".formatted(shard.getKey()));
      }
      Checkpoint checkpoint = Checkpoint.openFile(file, dictionary);
      opened.add(checkpoint);
      for (String key : shard.getValue()) {
        if (!checkpoint.keys().contains(key)) {
          throw new CheckpointException(
              index, "%s is not in %s, where the index says".formatted(key, shard.getKey()));
        }
      }
      if (checkpoint.keys().size() != shard.getValue().size()) {
        throw new CheckpointException(
            index,
            "%s has %d tensors; the index says %d: one of them belongs to another checkpoint"
                .formatted(shard.getKey(), checkpoint.keys().size(), shard.getValue().size()));
      }
      checkpoint.addTo(tensors, unreadable);
      checkpoint.metadata().forEach(metadata::putIfAbsent);
    }
    return new Checkpoint.Content(tensors, unreadable, metadata);
  }

  /** The files of an index, whether they are there or not. */
  static List<Path> files(Path index) {
    return shards(index).keySet().stream().map(name -> beside(index, name)).toList();
  }

  /** JSON holds names as text, file systems as bytes; not every text is a name. */
  private static Path beside(Path index, String name) {
    try {
      Path file = PathText.path(name);
      // Windows has names with a drive, which lead elsewhere.
      if (file.getRoot() == null && file.getNameCount() == 1) {
        return index.resolveSibling(file);
      }
    } catch (InvalidPathException e) {
      throw new CheckpointException(index, notBeside(name), e);
    }
    throw new CheckpointException(index, notBeside(name));
  }

  private static String notBeside(String name) {
    return "no file beside the index can have the name '%s'".formatted(name);
  }

  /** The keys of each file. */
  private static Map<String, List<String>> shards(Path index) {
    Map<String, List<String>> shards = new LinkedHashMap<>();
    if (!(Json.parse(index, text(index)) instanceof Map<?, ?> root)
        || !(root.get(WEIGHT_MAP) instanceof Map<?, ?> files)) {
      throw new CheckpointException(index, "the index has no object " + WEIGHT_MAP);
    }
    files.forEach(
        (key, value) -> {
          if (!(value instanceof String name) || !isPlainName(name)) {
            throw new CheckpointException(
                index,
                "the file of %s is '%s'; expected one beside the index".formatted(key, value));
          }
          shards.computeIfAbsent(name, _ -> new ArrayList<>()).add((String) key);
        });
    if (shards.isEmpty() || shards.size() > MAX_SHARDS) {
      throw new CheckpointException(
          index, "the index names %d files; expected 1 to %d".formatted(shards.size(), MAX_SHARDS));
    }
    return shards;
  }

  /** A name in the folder of the index, and not that of an index. */
  private static boolean isPlainName(String name) {
    return !name.isEmpty()
        && name.chars().noneMatch(c -> c == '/' || c == '\\' || c < ' ')
        && !name.startsWith(".")
        && !name.endsWith(SUFFIX);
  }

  private static String text(Path index) {
    try (FileSource source = FileSource.open(index)) {
      Bytes bytes = source.bytes();
      return new Cursor(index, bytes).text(bytes.size(), Limits.HEADER_BYTES);
    }
  }
}
