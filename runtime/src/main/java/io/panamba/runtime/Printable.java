package io.panamba.runtime;

import java.util.HexFormat;

/**
 * Text that files and file names have had a hand in, made fit for a line of a terminal or a log:
 * control characters, line breaks, marks that change the direction of writing, and halves of
 * characters become escapes. The result is for reading only.
 */
public final class Printable {
  /** Characters of a line at most. */
  private static final int LINE = 1000;

  /** Of a longer text: characters of its beginning and of its end. */
  private static final int BEGINNING = 650;

  private static final int END = 300;

  /** Unpaired surrogates that stand for a byte of a file name, from U+DC80 to U+DCFF. */
  private static final int BYTE = 0xDC00;

  private Printable() {}

  /**
   * Escapes what does not show.
   *
   * @param text any
   * @return one line of characters that show
   */
  public static String escape(String text) {
    StringBuilder line = new StringBuilder(text.length());
    text.codePoints().forEach(c -> append(line, c));
    return line.toString();
  }

  /**
   * Escapes what does not show, and bounds the length.
   *
   * @param text any, or null
   * @return one line of at most 1000 characters, of a long text its beginning and its end; null for
   *     null
   */
  public static String line(String text) {
    if (text == null) {
      return null;
    }
    String line = escape(text);
    if (line.length() <= LINE) {
      return line;
    }
    int beginning = BEGINNING - (Character.isHighSurrogate(line.charAt(BEGINNING - 1)) ? 1 : 0);
    int end = line.length() - END;
    end += Character.isLowSurrogate(line.charAt(end)) ? 1 : 0;
    return "%s [%s characters] %s"
        .formatted(
            line.substring(0, beginning), Integer.toString(end - beginning), line.substring(end));
  }

  private static void append(StringBuilder line, int c) {
    switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE -> {
        switch (c) {
          case '\n' -> line.append("\\n");
          case '\r' -> line.append("\\r");
          case '\t' -> line.append("\\t");
          // Joiners, which Persian and emoji are spelt with.
          case 0x200C, 0x200D -> line.appendCodePoint(c);
          default -> {
            boolean single = c < 0x100 || (c >= BYTE + 0x80 && c <= BYTE + 0xFF);
            line.append(single ? "\\x" : "\\u")
                .append(HexFormat.of().toHexDigits(c, single ? 2 : c < 0x10000 ? 4 : 6));
          }
        }
      }
      default -> line.appendCodePoint(c);
    }
  }
}
