package io.panamba.model.checkpoint;

import io.panamba.runtime.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes safetensors files. A file's bytes are a function of its tensors, their order and the
 * metadata.
 */
public final class SafetensorsWriter {
  private static final int ALIGNMENT = 64;

  // MemorySegment.asByteBuffer is limited to 2 GiB.
  private static final long CHUNK = 1L << 30;

  private SafetensorsWriter() {}

  /**
   * Writes a file, whole or not at all, as {@link AtomicFile} does. A link is followed: the file
   * that it leads to is replaced, and the link stays.
   *
   * @param target what to write; replaced if it exists, left as it was if writing fails. A pipe or
   *     device is written to
   * @param tensors by key, in the order to be written
   * @param metadata text by name; written in the order of names
   * @throws CheckpointException if the file can't be written
   */
  public static void write(Path target, Map<String, Tensor> tensors, Map<String, String> metadata) {
    try {
      AtomicFile.write(AtomicFile.resolve(target), channel -> write(channel, tensors, metadata));
    } catch (IOException e) {
      throw new CheckpointException(target, AtomicFile.reason(e), e);
    }
  }

  /**
   * Writes the bytes of a file in order, without seeking.
   *
   * @param channel where to; stays open
   * @param tensors by key, in the order to be written
   * @param metadata text by name; written in the order of names
   * @throws IOException if the channel fails
   */
  public static void write(
      WritableByteChannel channel, Map<String, Tensor> tensors, Map<String, String> metadata)
      throws IOException {
    writeFully(channel, header(tensors, new TreeMap<>(metadata)));
    for (Tensor tensor : tensors.values()) {
      writeFully(channel, tensor.segment());
    }
  }

  private static void writeFully(WritableByteChannel channel, MemorySegment segment)
      throws IOException {
    for (long at = 0; at < segment.byteSize(); at += CHUNK) {
      writeFully(
          channel, segment.asSlice(at, Math.min(CHUNK, segment.byteSize() - at)).asByteBuffer());
    }
  }

  private static void writeFully(WritableByteChannel channel, ByteBuffer buffer)
      throws IOException {
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
          "%s:{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%s,%s]}"
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
        quoted.append("\\u").append(HexFormat.of().toHexDigits(c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }
}
