package io.panamba.model.checkpoint;

import io.panamba.model.checkpoint.Pickle.Dictionary;
import io.panamba.model.checkpoint.Pickle.Sequence;
import io.panamba.model.checkpoint.Pickle.Storage;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;

/**
 * PyTorch's container from before 1.6: pickles of a magic number, a protocol, the machine and the
 * object, then a pickled list of storage keys, then each storage as a count and its elements.
 */
final class TorchLegacy {
  private static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
  private static final long PROTOCOL = 1001;

  private TorchLegacy() {}

  static Checkpoint.Content read(Path path, Bytes file, String dictionary) {
    Cursor cursor = new Cursor(path, file);
    if (!MAGIC.equals(PickleReader.read(cursor))) {
      throw new CheckpointException(path, "this is a pickle, but not one of PyTorch");
    }
    if (!(PickleReader.read(cursor) instanceof Long protocol) || protocol != PROTOCOL) {
      throw cursor.failure("the container's protocol is not " + PROTOCOL);
    }
    if (PickleReader.read(cursor) instanceof Dictionary machine
        && Boolean.FALSE.equals(machine.find("little_endian"))) {
      throw new CheckpointException(path, "the tensors are big-endian, which is not supported");
    }
    Object root = PickleReader.read(cursor);
    if (!(PickleReader.read(cursor) instanceof Sequence keys)) {
      throw cursor.failure("the list of storages is missing");
    }
    return TorchStateDict.read(
        path, file.size(), root, dictionary, new Storages(path, cursor, keys, types(root))::find);
  }

  /**
   * The element type of every storage that the object names. An explicit stack, since pickles nest
   * as deep as they like.
   */
  private static Map<String, String> types(Object root) {
    Map<String, String> types = new HashMap<>();
    Deque<Object> open = new ArrayDeque<>();
    Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    open.push(root);
    while (!open.isEmpty()) {
      Object value = open.pop();
      if (!seen.add(value)) {
        continue;
      }
      switch (value) {
        case Pickle.View view -> types.put(view.storage().key(), view.storage().type());
        case Storage storage -> types.put(storage.key(), storage.type());
        case Dictionary nested -> nested.entries.forEach(entry -> open.push(entry.value()));
        case Sequence nested -> nested.items.forEach(open::push);
        case Pickle.Tuple nested -> nested.items().forEach(open::push);
        default -> {}
      }
    }
    return types;
  }

  /**
   * The storages behind the pickles, found one after the other since each one's size says where the
   * next begins.
   */
  private static final class Storages {
    private final Path path;
    private final Map<String, Bytes> found = new HashMap<>();

    Storages(Path path, Cursor cursor, Sequence keys, Map<String, String> types) {
      this.path = path;
      for (Object key : keys.items) {
        if (!(key instanceof String name)) {
          throw cursor.failure("a storage's key is no text");
        }
        int bytes = TorchStateDict.elementBytes(types.getOrDefault(name, ""));
        if (bytes == 0) {
          throw cursor.failure("the storage %s has an unknown element type".formatted(name));
        }
        long elements = cursor.i64();
        if (elements < 0 || elements > cursor.remaining() / bytes) {
          throw cursor.failure(
              "the file is truncated: storage %s has %d elements".formatted(name, elements));
        }
        found.put(name, cursor.slice(elements * bytes));
      }
    }

    Bytes find(Storage storage) {
      Bytes bytes = found.get(storage.key());
      if (bytes == null) {
        throw new CheckpointException(path, "the file has no storage " + storage.key());
      }
      return bytes;
    }
  }
}
