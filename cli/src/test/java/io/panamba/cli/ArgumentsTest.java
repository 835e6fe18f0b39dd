package io.panamba.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.runtime.PanambaException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class ArgumentsTest {
  private static List<byte[]> words(String... hex) {
    return Arrays.stream(hex).map(HexFormat.of()::parseHex).toList();
  }

  private static String[] restore(Charset charset, List<byte[]> words, String... args) {
    return Arguments.restore(args, charset, words);
  }

  @Test
  void theBytesAreTakenFromTheCommandLine() {
    List<byte[]> words = words("6A617661", "C3BC", "E4", "61");
    assertThat(restore(StandardCharsets.US_ASCII, words, "\ufffd\ufffd", "\ufffd", "a"))
        .containsExactly("ü", "\udce4", "a");
    assertThat(restore(StandardCharsets.UTF_8, words, "ü", "\ufffd", "a"))
        .containsExactly("ü", "\udce4", "a");
    assertThat(restore(StandardCharsets.ISO_8859_1, words, "Ã¼", "ä", "a"))
        .containsExactly("ü", "\udce4", "a");
  }

  @Test
  void withoutThemWhatJavaDecodedIsTaken() {
    assertThat(restore(StandardCharsets.UTF_8, List.of(), "ü", "\ufffd"))
        .containsExactly("ü", "\ufffd");
    assertThat(restore(StandardCharsets.ISO_8859_1, List.of(), "Ã¼", "ä"))
        .containsExactly("ü", "\udce4");
    // A command line that is another's is not mixed in.
    assertThat(restore(StandardCharsets.UTF_8, words("C3A4"), "ü")).containsExactly("ü");
    assertThatThrownBy(() -> restore(StandardCharsets.US_ASCII, words("61"), "b", "\ufffd\ufffd"))
        .isInstanceOf(PanambaException.class)
        .hasMessageContaining("US-ASCII: set LC_ALL=C.UTF-8");
  }
}
