package io.panamba.cli;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Writes nested maps for people: a name and a value a line, values below each other. */
final class Outline {
  private static final String INDENT = "  ";

  private final StringBuilder text = new StringBuilder();

  private Outline() {}

  static String of(Map<String, ?> report) {
    Outline outline = new Outline();
    outline.map(report, "");
    return outline.text.toString();
  }

  private void map(Map<?, ?> map, String indent) {
    int width = 0;
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      if (!isNested(entry.getValue())) {
        width = Math.max(width, entry.getKey().toString().length());
      }
    }
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      String name = entry.getKey().toString().replace('_', ' ');
      if (isNested(entry.getValue())) {
        text.append(indent).append(name).append('\n');
        nested(entry.getValue(), indent + INDENT);
      } else {
        text.append(indent).append(name).repeat(" ", width - name.length() + 2);
        text.append(scalar(entry.getValue(), indent.length() + width + 2)).append('\n');
      }
    }
  }

  private void nested(Object value, String indent) {
    if (value instanceof Map<?, ?> map) {
      map(map, indent);
      return;
    }
    for (Object element : (List<?>) value) {
      text.append(indent).append(scalar(element, indent.length())).append('\n');
    }
  }

  private static boolean isNested(Object value) {
    return value instanceof Map || value instanceof List;
  }

  private static String scalar(Object value, int column) {
    return switch (value) {
      case null -> "-";
      case Boolean flag -> flag ? "yes" : "no";
      case Long number -> String.format(Locale.ROOT, "%,d", number);
      case Double number when number == 0 -> "0";
      case Double number -> String.format(Locale.ROOT, "%,.4g", number);
      default -> value.toString().strip().replace("\n", "\n" + " ".repeat(column));
    };
  }
}
