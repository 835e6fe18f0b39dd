package io.panamba.cli;

import io.panamba.model.files.PathText;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * Writes JSON (RFC 8259): maps with string keys, lists, strings, numbers, booleans and null. What
 * is not ASCII is escaped, so that the text survives any encoding; paths are {@link PathText}, so
 * that every path can be told from every other; numbers that JSON lacks (NaN and infinities) become
 * null.
 */
final class Json {
  private final StringBuilder text = new StringBuilder();

  private Json() {}

  /** Writes a value over several lines. */
  static String pretty(Object value) {
    Json json = new Json();
    json.value(value, 0);
    return json.text.toString();
  }

  /** Writes a value in one line. */
  static String compact(Object value) {
    Json json = new Json();
    json.value(value, -1);
    return json.text.toString();
  }

  private void value(Object value, int depth) {
    switch (value) {
      case null -> text.append("null");
      case Boolean flag -> text.append((boolean) flag);
      case Map<?, ?> map -> object(map, depth);
      case List<?> list -> array(list, depth);
      case Double number -> number(number, Double.isFinite(number));
      case Float number -> number(number, Float.isFinite(number));
      case Number number -> text.append(number);
      case Path path -> string(PathText.of(path));
      default -> string(value.toString());
    }
  }

  private void number(Number number, boolean finite) {
    text.append(finite ? number.toString() : "null");
  }

  private void object(Map<?, ?> map, int depth) {
    text.append('{');
    Iterator<? extends Map.Entry<?, ?>> entries = map.entrySet().iterator();
    while (entries.hasNext()) {
      Map.Entry<?, ?> entry = entries.next();
      newLine(depth, 1);
      string(entry.getKey().toString());
      text.append(depth < 0 ? ":" : ": ");
      value(entry.getValue(), depth < 0 ? depth : depth + 1);
      text.append(entries.hasNext() ? "," : "");
    }
    newLine(map.isEmpty() ? -1 : depth, 0);
    text.append('}');
  }

  private void array(List<?> list, int depth) {
    text.append('[');
    for (int i = 0; i < list.size(); i++) {
      newLine(depth, 1);
      value(list.get(i), depth < 0 ? depth : depth + 1);
      text.append(i + 1 < list.size() ? "," : "");
    }
    newLine(list.isEmpty() ? -1 : depth, 0);
    text.append(']');
  }

  private void newLine(int depth, int more) {
    if (depth >= 0) {
      text.append('\n').repeat("  ", depth + more);
    }
  }

  private void string(String value) {
    text.append('"');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      switch (c) {
        case '"', '\\' -> text.append('\\').append(c);
        case '\n' -> text.append("\\n");
        case '\t' -> text.append("\\t");
        default -> {
          if (c >= ' ' && c <= '~') {
            text.append(c);
          } else {
            text.append("\\u").append(HexFormat.of().toHexDigits(c));
          }
        }
      }
    }
    text.append('"');
  }
}
