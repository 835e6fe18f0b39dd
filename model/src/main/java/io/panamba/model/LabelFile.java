package io.panamba.model;

import io.panamba.model.files.FileState;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A text file with one label a line, as editors save it: with a byte order mark, or without. */
final class LabelFile {
  /** A thousand times ImageNet's. */
  private static final int MAX_BYTES = 16 << 20;

  private static final char MARK = '\uFEFF';

  private LabelFile() {}

  /**
   * Reads labels.
   *
   * @throws IOException if the file can't be read, is too large or no text; the message lacks the
   *     file's name
   */
  static List<String> read(Path file) throws IOException {
    String text = decode(bytes(file));
    if (!text.isEmpty() && text.charAt(0) == MARK) {
      text = text.substring(1);
    }
    int nul = text.indexOf('\0');
    if (nul >= 0) {
      throw new IOException(
          "line %d has a zero byte: this is no text, or UTF-16 without a byte order mark"
              .formatted(line(text, nul)));
    }
    return text.stripTrailing().lines().map(String::strip).toList();
  }

  private static byte[] bytes(Path file) throws IOException {
    FileState.requireRegular(file, "a text file", IOException::new);
    try (InputStream stream = Files.newInputStream(file)) {
      byte[] bytes = stream.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw new IOException("it has more than %d bytes".formatted(MAX_BYTES));
      }
      return bytes;
    }
  }

  private static String decode(byte[] bytes) throws IOException {
    Charset charset = charset(bytes);
    CharsetDecoder decoder =
        charset
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    CharBuffer text = CharBuffer.allocate(bytes.length);
    CoderResult result = decoder.decode(ByteBuffer.wrap(bytes), text, true);
    text.flip();
    if (result.isError()) {
      throw new IOException(
          "line %d is not %s; save the file as UTF-8"
              .formatted(line(text.toString(), text.length()), charset));
    }
    return text.toString();
  }

  /** The charset of a byte order mark; UTF-8 without one. */
  private static Charset charset(byte[] bytes) {
    int first = bytes.length < 2 ? 0 : ByteBuffer.wrap(bytes).getChar();
    return switch (first) {
      case 0xFFFE -> StandardCharsets.UTF_16LE;
      case 0xFEFF -> StandardCharsets.UTF_16BE;
      default -> StandardCharsets.UTF_8;
    };
  }

  /** The number of a position's line, from 1. */
  private static long line(String text, int position) {
    // The added letter keeps a line that is empty so far.
    return (text.substring(0, position) + "x").lines().count();
  }
}
