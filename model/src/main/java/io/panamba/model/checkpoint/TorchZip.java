package io.panamba.model.checkpoint;

import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * PyTorch's container since 1.6: a zip of entries under one folder, data.pkl and data/KEY for each
 * storage.
 */
final class TorchZip {
  private static final String PICKLE = "data.pkl";

  private TorchZip() {}

  static Checkpoint.Content read(Path path, Bytes file, Arena arena, String dictionary) {
    ZipDirectory directory = ZipDirectory.read(path, file, arena);
    String folder = folder(path, directory);
    String byteOrder = folder + "byteorder";
    if (directory.has(byteOrder) && !text(directory.content(byteOrder)).strip().equals("little")) {
      throw new CheckpointException(path, "the tensors are big-endian, which is not supported");
    }
    Bytes pickle = directory.content(folder + PICKLE);
    if (pickle.size() > Limits.PICKLE_BYTES) {
      throw new CheckpointException(
          path, "data.pkl has %d bytes, more than makes sense".formatted(pickle.size()));
    }
    Object root = PickleReader.read(new Cursor(path, pickle));
    return TorchStateDict.read(
        path,
        file.size(),
        root,
        dictionary,
        storage -> directory.content(folder + "data/" + storage.key()));
  }

  private static String text(Bytes bytes) {
    return new String(bytes.array(0, (int) Math.min(bytes.size(), 16)), StandardCharsets.UTF_8);
  }

  /** The one top folder that holds data.pkl, with its slash. */
  private static String folder(Path path, ZipDirectory directory) {
    List<String> pickles =
        directory.names().stream()
            .filter(
                name ->
                    name.indexOf('/') == name.length() - PICKLE.length() - 1
                        && name.endsWith("/" + PICKLE))
            .toList();
    if (pickles.size() != 1) {
      throw new CheckpointException(
          path, "this zip has %d data.pkl; a PyTorch checkpoint has one".formatted(pickles.size()));
    }
    String name = pickles.getFirst();
    return name.substring(0, name.length() - PICKLE.length());
  }
}
