package io.panamba.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonTest {
  @Test
  void writesEveryKindOfValue() {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("text", "a");
    object.put("whole", 12L);
    object.put("part", 0.25);
    object.put("single", 1e-9f);
    object.put("yes", true);
    object.put("nothing", null);
    object.put("list", List.of(1, List.of(), Map.of()));
    object.put("path", Path.of("a", "b.png"));
    assertThat(Json.compact(object))
        .isEqualTo(
            "{\"text\":\"a\",\"whole\":12,\"part\":0.25,\"single\":1.0E-9,\"yes\":true,"
                + "\"nothing\":null,\"list\":[1,[],{}],\"path\":\"a/b.png\"}");
  }

  @Test
  void breaksLinesAndIndents() {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("a", List.of(1, 2));
    object.put("b", Map.of("c", List.of()));
    assertThat(Json.pretty(object))
        .isEqualTo(
            """
            {
              "a": [
                1,
                2
              ],
              "b": {
                "c": []
              }
            }\
            """);
  }

  @Test
  void numbersThatJsonLacksAreNull() {
    assertThat(
            Json.compact(
                Arrays.asList(
                    Double.NaN,
                    Float.NEGATIVE_INFINITY,
                    Double.POSITIVE_INFINITY,
                    Float.NaN,
                    -0.0)))
        .isEqualTo("[null,null,null,null,-0.0]");
  }

  @Test
  void escapesWhatIsNotPlainAscii() {
    assertThat(Json.compact("say \"hi\" \\ \n\t\r\0\u007f"))
        .isEqualTo("\"say \\\"hi\\\" \\\\ \\n\\t\\u000d\\u0000\\u007f\"");
    // One character outside the basic plane is two units, each escaped.
    assertThat(Json.compact("é😀")).isEqualTo("\"\\u00e9\\ud83d\\ude00\"");
  }

  /** A byte of a name that is no text comes back by Python's os.fsencode. */
  @Test
  void escapesBytesOfPaths() {
    Path latin = Path.of(URI.create("file:///a%E4"));
    assertThat(Json.compact(List.of(latin, "\ud800"))).isEqualTo("[\"/a\\udce4\",\"\\ud800\"]");
  }

  @Test
  void escapesKeys() {
    assertThat(Json.compact(Map.of("a\"b", 1))).isEqualTo("{\"a\\\"b\":1}");
  }
}
