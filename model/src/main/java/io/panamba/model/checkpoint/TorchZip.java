package io.panamba.model.checkpoint;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * PyTorch's container since 1.6: a zip of stored entries under one folder, data.pkl and data/KEY
 * for each storage.
 */
final class TorchZip {
  private static final String PICKLE = "data.pkl";
  private static final long MAX_PICKLE = 1L << 28;

  private TorchZip() {}

  static Checkpoint.Content read(Path path, MemorySegment file, String dictionary) {
    ZipDirectory directory = ZipDirectory.read(path, file);
    String folder = folder(path, directory);
    String byteOrder = folder + "byteorder";
    if (directory.has(byteOrder) && !text(directory.content(byteOrder)).strip().equals("little")) {
      throw new CheckpointException(path, "the tensors are big-endian, which is not supported");
    }
    MemorySegment pickle = directory.content(folder + PICKLE);
    if (pickle.byteSize() > MAX_PICKLE) {
      throw new CheckpointException(
          path, "data.pkl has %d bytes, more than makes sense".formatted(pickle.byteSize()));
    }
    Object root = PickleReader.read(new Cursor(path, pickle));
    return TorchStateDict.read(
        path, root, dictionary, storage -> directory.content(folder + "data/" + storage.key()));
  }

  private static String text(MemorySegment bytes) {
    return new String(
        bytes.asSlice(0, Math.min(bytes.byteSize(), 16)).toArray(ValueLayout.JAVA_BYTE),
        StandardCharsets.UTF_8);
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
