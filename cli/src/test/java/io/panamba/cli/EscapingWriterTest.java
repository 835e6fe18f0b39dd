package io.panamba.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class EscapingWriterTest {
  private static String write(Charset charset, String text) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (EscapingWriter writer = new EscapingWriter(bytes, charset)) {
      writer.write(text);
    }
    return bytes.toString(charset);
  }

  @Test
  void whatTheCharsetLacksIsEscaped() throws IOException {
    assertThat(write(StandardCharsets.US_ASCII, "aü日😀?")).isEqualTo("a\\u00fc\\u65e5\\u01f600?");
    assertThat(write(StandardCharsets.ISO_8859_1, "aü日")).isEqualTo("aü\\u65e5");
    assertThat(write(StandardCharsets.UTF_8, "aü日😀")).isEqualTo("aü日😀");
    assertThat(write(StandardCharsets.UTF_8, "a\udce4\ud800")).isEqualTo("a\\udce4\\ud800");
  }
}
