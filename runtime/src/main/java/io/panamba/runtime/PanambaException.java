package io.panamba.runtime;

import java.util.HexFormat;

/** The base of every exception that Panamba throws for a reason outside its caller's code. */
public class PanambaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Characters of a line; of a longer text, its beginning and its end are shown. */
  private static final int LINE = 1000;

  private static final int END_OF_LINE = 300;

  /**
   * Creates an exception.
   *
   * @param message what was expected, what was found and what to do
   */
  public PanambaException(String message) {
    super(message);
  }

  /**
   * Creates an exception with its cause.
   *
   * @param message what was expected, what was found and what to do
   * @param cause what led to it
   */
  public PanambaException(String message, Throwable cause) {
    super(message, cause);
  }

  /**
   * Makes a text that a file may have had a hand in fit to be shown: one line of bounded length, in
   * which control characters, line breaks, and what turns the direction of writing are escaped.
   *
   * @param text the message
   * @return a line
   */
  protected static String line(String text) {
    if (text == null
        || (text.length() <= LINE && text.chars().noneMatch(PanambaException::hides))) {
      return text;
    }
    String shown = text;
    if (text.length() > LINE) {
      int beginning = LINE - END_OF_LINE;
      shown =
          "%s [%d characters] %s"
              .formatted(
                  text.substring(0, beginning),
                  text.length() - LINE,
                  text.substring(text.length() - END_OF_LINE));
    }
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < shown.length(); i++) {
      char c = shown.charAt(i);
      boolean alone =
          Character.isHighSurrogate(c)
              ? i + 1 == shown.length() || !Character.isLowSurrogate(shown.charAt(i + 1))
              : (Character.isLowSurrogate(c)
                  && (i == 0 || !Character.isHighSurrogate(shown.charAt(i - 1))));
      if (alone || hides(c)) {
        line.append('\\').append('u').append(HexFormat.of().toHexDigits(c));
      } else {
        line.append(c);
      }
    }
    return line.toString();
  }

  private static boolean hides(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          true;
      default -> false;
    };
  }
}
