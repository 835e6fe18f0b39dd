package io.panamba.model.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PathTextTest {
  /** A path below the root of any bytes. */
  private static Path path(String hex) {
    return Path.of(URI.create("file:///" + hex.replaceAll("..", "%$0")));
  }

  /** The texts are those of Python's os.fsdecode. */
  @ParameterizedTest
  @CsvSource({
    "612E706E67, a.png",
    "E697A5, 日",
    "F09F9880, 😀",
    "E4, \udce4",
    "61E4622F62FF, a\udce4b/b\udcff",
    // Cut short, too long, half a character, above the last one.
    "E697, \udce6\udc97",
    "E69761, \udce6\udc97a",
    "C080, \udcc0\udc80",
    "EDA080, \udced\udca0\udc80",
    "F4908080, \udcf4\udc90\udc80\udc80",
    // The replacement character itself is a character.
    "EFBFBD, \ufffd"
  })
  void bytesAreText(String hex, String text) {
    Path path = path(hex);
    assertThat(PathText.of(path)).isEqualTo("/" + text);
    assertThat(PathText.path("/" + text)).isEqualTo(path);
    Path relative = path.subpath(0, path.getNameCount());
    assertThat(PathText.of(relative)).isEqualTo(text);
    assertThat(PathText.path(text)).isEqualTo(relative);
  }

  @Test
  void anyBytesComeBack() {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 2000; i++) {
      byte[] bytes = new byte[random.nextInt(1, 12)];
      for (int j = 0; j < bytes.length; j++) {
        int value = random.nextInt(1, 256);
        bytes[j] = (byte) (value == '/' ? 'x' : value);
      }
      Path path = path(HexFormat.of().formatHex(bytes));
      assertThat(PathText.path(PathText.of(path))).isEqualTo(path);
    }
  }

  @Test
  void pathsKeepTheirForm() {
    for (String text : new String[] {"", "/", ".", "..", "a/../ü", "ü/..", "../ü", "/tmp"}) {
      assertThat(PathText.of(PathText.path(text))).isEqualTo(text);
    }
    assertThat(PathText.of(PathText.path("ü//é/"))).isEqualTo("ü/é");
    assertThat(PathText.of(PathText.path("//ü?#%41 +"))).isEqualTo("/ü?#%41 +");
    assertThat(PathText.path("ü/a").getFileName()).isEqualTo(Path.of("a"));
  }

  @Test
  void whatIsNoPath() {
    assertThatThrownBy(() -> PathText.path("\ud800")).isInstanceOf(InvalidPathException.class);
    assertThatThrownBy(() -> PathText.path("\udc41")).isInstanceOf(InvalidPathException.class);
    assertThatThrownBy(() -> PathText.path("ü\0")).isInstanceOf(InvalidPathException.class);
    assertThatThrownBy(() -> PathText.path("a\0")).isInstanceOf(InvalidPathException.class);
  }

  @Test
  void oneLineThatShows() {
    assertThat(PathText.printable("Käse 日本 😀 \\ \ufffd")).isEqualTo("Käse 日本 😀 \\ \ufffd");
    assertThat(PathText.printable("\u0645\u06cc\u200c")).isEqualTo("\u0645\u06cc\u200c");
    assertThat(PathText.printable("a\n\r\t\u001b[1m\u007f\u0085\udce4"))
        .isEqualTo("a\\n\\r\\t\\x1b[1m\\x7f\\x85\\xe4");
    assertThat(PathText.printable("\u202e\u2028\u2029\u200b\ud800\udb40\udc41"))
        .isEqualTo("\\u202e\\u2028\\u2029\\u200b\\ud800\\u0e0041");
  }

  @Test
  void unicodeHasNoHalves() {
    assertThat(PathText.isUnicode("a😀")).isTrue();
    assertThat(PathText.isUnicode("a\udce4")).isFalse();
    assertThat(PathText.isUnicode("\ud83d")).isFalse();
  }
}
