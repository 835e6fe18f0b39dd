package io.panamba.model.files;

import io.panamba.runtime.Printable;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HexFormat;

/**
 * Paths as text that gives back every path, whatever the locale. A name on Unix is bytes, which
 * {@link Path#toString()} decodes by the locale: two names may become one text. Here they are UTF-8
 * in every locale, and a byte that is none becomes the unpaired surrogate U+DC00 + byte, the
 * convention of Python's {@code os.fsdecode} and {@code os.fsencode}.
 */
public final class PathText {
  private static final char ESCAPED = '\uDC00';
  private static final Path ROOT = Path.of("/");

  private PathText() {}

  /**
   * Returns a path's text.
   *
   * @param path absolute or relative
   * @return the text, different for different paths
   */
  public static String of(Path path) {
    String text = path.toString();
    // Every charset of a locale keeps ASCII; other systems have names of characters.
    return isBytes(path) && !isAscii(text) ? decode(bytes(path)) : text;
  }

  /**
   * Returns the path of a text.
   *
   * @param text of {@link #of}, or any other
   * @return the path
   * @throws InvalidPathException if there can be no such path
   */
  public static Path path(String text) {
    if (!isBytes(ROOT) || isAscii(text)) {
      return Path.of(text);
    }
    // A URI's escapes are taken as bytes, where Path.of encodes by the locale.
    StringBuilder uri = new StringBuilder("file:///");
    for (byte value : encode(text)) {
      boolean plain = value == '/' || (value > 0 && Character.isLetterOrDigit(value));
      if (plain) {
        uri.append((char) value);
      } else {
        uri.append('%').append(HexFormat.of().toHexDigits(value));
      }
    }
    String normal = uri.substring("file://".length()).replaceAll("/+", "/");
    Path absolute;
    try {
      absolute = Path.of(URI.create("file://" + normal));
    } catch (IllegalArgumentException e) {
      InvalidPathException invalid = new InvalidPathException(text, e.getMessage());
      invalid.initCause(e);
      throw invalid;
    }
    return text.startsWith("/") ? absolute : absolute.subpath(0, absolute.getNameCount());
  }

  /**
   * Returns a path for a message.
   *
   * @param path absolute or relative
   * @return one line, as {@link #printable(String)}
   */
  public static String printable(Path path) {
    return printable(of(path));
  }

  /**
   * Makes a text fit for a line of a terminal: control characters, those that change the direction
   * of writing, and bytes that are no text become escapes. The result is for reading only.
   *
   * @param text any
   * @return one line of characters that show
   */
  public static String printable(String text) {
    return Printable.escape(text);
  }

  /**
   * Decodes UTF-8.
   *
   * @param bytes any
   * @return their text, as of a path's
   */
  public static String decode(byte[] bytes) {
    CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(bytes.length);
    CoderResult result = decoder.decode(in, out, true);
    while (result.isError()) {
      for (int i = 0; i < result.length(); i++) {
        out.put((char) (ESCAPED + Byte.toUnsignedInt(in.get())));
      }
      result = decoder.decode(in, out, true);
    }
    return out.flip().toString();
  }

  /**
   * Tells whether a text is Unicode, so that every reader of UTF-8 takes it.
   *
   * @param text of a path or any other
   * @return false if it has a byte that is no text, or another unpaired surrogate
   */
  public static boolean isUnicode(String text) {
    return text.codePoints().noneMatch(c -> Character.getType(c) == Character.SURROGATE);
  }

  private static byte[] encode(String text) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(text.length());
    text.codePoints()
        .forEach(
            c -> {
              if (isEscape(c)) {
                bytes.write(c - ESCAPED);
              } else if (Character.getType(c) == Character.SURROGATE) {
                throw new InvalidPathException(text, "a half of a character");
              } else {
                bytes.writeBytes(Character.toString(c).getBytes(StandardCharsets.UTF_8));
              }
            });
    return bytes.toByteArray();
  }

  /** Tells whether a code point stands for a byte: from 0x80, as lower ones are UTF-8. */
  private static boolean isEscape(int c) {
    return c >= ESCAPED + 0x80 && c <= ESCAPED + 0xFF;
  }

  private static boolean isBytes(Path path) {
    return File.separatorChar == '/' && path.getFileSystem().equals(FileSystems.getDefault());
  }

  private static boolean isAscii(String text) {
    return text.chars().allMatch(c -> c < 0x80);
  }

  /** The bytes of a name on Unix, which the public interface shows in a URI alone. */
  private static byte[] bytes(Path path) {
    String raw = ROOT.resolve(path).toUri().getRawPath();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(raw.length());
    for (int i = path.isAbsolute() ? 0 : 1; i < raw.length(); i++) {
      if (raw.charAt(i) == '%') {
        bytes.write(HexFormat.fromHexDigits(raw, i + 1, i + 3));
        i += 2;
      } else if (raw.charAt(i) != '/' || i == 0 || i < raw.length() - 1) {
        // A folder's URI ends with a slash.
        bytes.write(raw.charAt(i));
      }
    }
    return bytes.toByteArray();
  }
}
