package io.panamba.model.checkpoint;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * JSON (RFC 8259): objects as maps without duplicate names, arrays as lists, strings, whole numbers
 * as Long, other numbers as Double, booleans. Nesting and the number of values are bounded. Headers
 * of safetensors have no null, and it is refused there; elsewhere it is {@link #NULL}.
 */
final class Json {
  /** What null is read as. */
  static final Object NULL =
      new Object() {
        @Override
        public String toString() {
          return "null";
        }
      };

  private static final int MAX_DEPTH = 16;
  private static final int MAX_NUMBER = 100;

  private final Path path;
  private final String text;

  /** What the text is, in errors. */
  private final String place;

  private final boolean nulls;
  private int position;
  private int values;

  private Json(Path path, String text, String place, boolean nulls) {
    this.path = path;
    this.text = text;
    this.place = place;
    this.nulls = nulls;
  }

  /** Parses a header, or an index. */
  static Object parse(Path path, String text) {
    return parse(new Json(path, text, "header", false));
  }

  /** Parses a file of JSON, which may have null. */
  static Object parseFile(Path path, String text) {
    return parse(new Json(path, text, "file", true));
  }

  private static Object parse(Json json) {
    Object value = json.value(0);
    json.skipSpace();
    if (json.position != json.text.length()) {
      throw json.failure("text after the end of the JSON " + json.place);
    }
    return value;
  }

  private CheckpointException failure(String message) {
    return new CheckpointException(
        path, "%s (at character %d of the %s)".formatted(message, position, place));
  }

  private void skipSpace() {
    while (position < text.length() && " \t\r\n".indexOf(text.charAt(position)) >= 0) {
      position++;
    }
  }

  private char peek() {
    skipSpace();
    if (position >= text.length()) {
      throw failure("the JSON %s ends early".formatted(place));
    }
    return text.charAt(position);
  }

  private void expect(char c) {
    if (peek() != c) {
      throw failure("'%s' is expected".formatted(c));
    }
    position++;
  }

  private boolean accept(char c) {
    if (peek() != c) {
      return false;
    }
    position++;
    return true;
  }

  private Object value(int depth) {
    if (depth > MAX_DEPTH) {
      throw failure("the JSON %s is nested too deeply".formatted(place));
    }
    if (++values > Limits.HEADER_VALUES) {
      throw failure("the JSON %s has more than %d values".formatted(place, Limits.HEADER_VALUES));
    }
    return switch (peek()) {
      case '{' -> object(depth);
      case '[' -> array(depth);
      case '"' -> string();
      case 't' -> word("true", true);
      case 'f' -> word("false", false);
      case 'n' -> nulls ? word("null", NULL) : number();
      default -> number();
    };
  }

  private Map<String, Object> object(int depth) {
    Map<String, Object> object = new LinkedHashMap<>();
    expect('{');
    if (accept('}')) {
      return object;
    }
    do {
      if (peek() != '"') {
        throw failure("a name is expected");
      }
      String name = string();
      expect(':');
      if (object.put(name, value(depth + 1)) != null) {
        throw failure("the name \"%s\" comes twice".formatted(name));
      }
    } while (accept(','));
    expect('}');
    return object;
  }

  private List<Object> array(int depth) {
    List<Object> array = new ArrayList<>(0);
    expect('[');
    if (accept(']')) {
      return array;
    }
    do {
      array.add(value(depth + 1));
    } while (accept(','));
    expect(']');
    return array;
  }

  private Object word(String word, Object value) {
    if (!text.startsWith(word, position)) {
      throw failure("a value is expected");
    }
    position += word.length();
    return value;
  }

  /** {@code -?(0|[1-9][0-9]*)}: a header has hundreds, and is read before anything is compiled. */
  private static boolean isWhole(String number) {
    int first = number.startsWith("-") ? 1 : 0;
    for (int i = first; i < number.length(); i++) {
      if (number.charAt(i) < '0' || number.charAt(i) > '9') {
        return false;
      }
    }
    int digits = number.length() - first;
    return digits == 1 || (digits > 1 && number.charAt(first) != '0');
  }

  private Object number() {
    int start = position;
    while (position < text.length() && "+-.eE0123456789".indexOf(text.charAt(position)) >= 0) {
      position++;
    }
    if (position - start > MAX_NUMBER) {
      throw failure("a number of %d digits".formatted(position - start));
    }
    String number = text.substring(start, position);
    try {
      if (isWhole(number)) {
        return Long.valueOf(number);
      }
      if (number.matches("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?")) {
        return Double.valueOf(number);
      }
    } catch (NumberFormatException e) {
      throw new CheckpointException(
          path, "the number %s in the %s is too large".formatted(number, place), e);
    }
    throw failure("a value is expected");
  }

  private String string() {
    expect('"');
    StringBuilder string = new StringBuilder();
    while (true) {
      if (position >= text.length()) {
        throw failure("a string does not end");
      }
      char c = text.charAt(position++);
      if (c == '"') {
        return string.toString();
      }
      if (c < 0x20) {
        throw failure("a control character in a string");
      }
      string.append(c == '\\' ? escape() : c);
    }
  }

  private char escape() {
    if (position >= text.length()) {
      throw failure("a string does not end");
    }
    char c = text.charAt(position++);
    return switch (c) {
      case '"', '\\', '/' -> c;
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> unicode();
      default -> throw failure("no such escape: \\" + c);
    };
  }

  private char unicode() {
    if (position + 4 > text.length()
        || !text.substring(position, position + 4).matches("[0-9a-fA-F]{4}")) {
      throw failure("four hexadecimal digits are expected");
    }
    position += 4;
    return (char) Integer.parseInt(text, position - 4, position, 16);
  }
}
