package io.panamba.runtime;

import java.util.HexFormat;

/**
 * Text that files and file names have had a hand in, made fit for a line of a terminal or a log:
 * control characters, line breaks, marks that change the direction of writing, and halves of
 * characters become escapes. The result is for reading only.
 */
public final class Printable {
  /** Characters of a line; of a longer text, its beginning and its end are shown. */
  private static final int LINE = 1000;

  private static final int END_OF_LINE = 300;

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
   * @return one line, of a long text its beginning and its end; null for null
   */
  public static String line(String text) {
    if (text == null || text.length() <= LINE) {
      return text == null ? null : escape(text);
    }
    return "%s [%s characters] %s"
        .formatted(
            escape(text.substring(0, LINE - END_OF_LINE)),
            Integer.toString(text.length() - LINE),
            escape(text.substring(text.length() - END_OF_LINE)));
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
