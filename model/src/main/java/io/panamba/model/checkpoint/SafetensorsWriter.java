package io.panamba.model.checkpoint;

import io.panamba.runtime.Tensor;
import java.io.File;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * Writes safetensors files: to a temporary file beside the target, which takes the target's place
 * once it is complete and on the disk.
 */
public final class SafetensorsWriter {
  private static final int ALIGNMENT = 64;

  // MemorySegment.asByteBuffer is limited to 2 GiB.
  private static final long CHUNK = 1L << 30;

  private SafetensorsWriter() {}

  /**
   * Writes a file.
   *
   * @param target what to write; replaced if it exists, left as it was if writing fails
   * @param tensors by key, in the order to be written
   * @param metadata text by name
   * @throws CheckpointException if the file can't be written
   */
  public static void write(Path target, Map<String, Tensor> tensors, Map<String, String> metadata) {
    Path temporary = null;
    try {
      Path folder = target.toAbsolutePath().getParent();
      // Files.createTempFile would make a file that nobody else may read.
      temporary =
          Files.createFile(
              folder.resolve(".%s.%s.part".formatted(target.getFileName(), UUID.randomUUID())));
      try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
        writeFully(channel, header(tensors, metadata));
        for (Tensor tensor : tensors.values()) {
          writeFully(channel, tensor.segment());
        }
        channel.force(true);
      }
      Files.move(
          temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      syncFolder(folder);
    } catch (IOException e) {
      throw new CheckpointException(target, "the file can't be written: " + e.getMessage(), e);
    } finally {
      deleteQuietly(temporary);
    }
  }

  /** Makes the new name last through a failure of power too, where a folder can be opened. */
  private static void syncFolder(Path folder) throws IOException {
    if (File.separatorChar == '/') {
      try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
        channel.force(true);
      }
    }
  }

  private static void deleteQuietly(Path temporary) {
    try {
      if (temporary != null) {
        Files.deleteIfExists(temporary);
      }
    } catch (IOException e) {
      System.getLogger(SafetensorsWriter.class.getName())
          .log(System.Logger.Level.WARNING, "a temporary file stays behind: " + temporary, e);
    }
  }

  private static void writeFully(FileChannel channel, MemorySegment segment) throws IOException {
    for (long at = 0; at < segment.byteSize(); at += CHUNK) {
      writeFully(
          channel, segment.asSlice(at, Math.min(CHUNK, segment.byteSize() - at)).asByteBuffer());
    }
  }

  private static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  /** The length and the JSON, padded with spaces so that the tensors start aligned. */
  private static ByteBuffer header(Map<String, Tensor> tensors, Map<String, String> metadata) {
    List<String> entries = new ArrayList<>();
    if (!metadata.isEmpty()) {
      List<String> texts = new ArrayList<>();
      metadata.forEach((name, text) -> texts.add(quote(name) + ":" + quote(text)));
      entries.add(quote(Safetensors.METADATA) + ":{" + String.join(",", texts) + "}");
    }
    long offset = 0;
    for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
      Tensor tensor = entry.getValue();
      long end = offset + tensor.segment().byteSize();
      String shape = tensor.shape().toString().replace(" ", "");
      entries.add(
          "%s:{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%d,%d]}"
              .formatted(
                  quote(entry.getKey()),
                  tensor.dtype(),
                  shape.substring(1, shape.length() - 1),
                  offset,
                  end));
      offset = end;
    }
    byte[] json = ("{" + String.join(",", entries) + "}").getBytes(StandardCharsets.UTF_8);
    int padding = Math.floorMod(-(Long.BYTES + json.length), ALIGNMENT);
    ByteBuffer header =
        ByteBuffer.allocate(Long.BYTES + json.length + padding).order(ByteOrder.LITTLE_ENDIAN);
    header
        .putLong(json.length + (long) padding)
        .put(json)
        .put(" ".repeat(padding).getBytes(StandardCharsets.US_ASCII));
    return header.flip();
  }

  private static String quote(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else if (c < 0x20 || Character.isSurrogate(c)) {
        quoted.append("\\u%04x".formatted((int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }
}
