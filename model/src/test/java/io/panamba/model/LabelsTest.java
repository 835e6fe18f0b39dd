package io.panamba.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.runtime.PanambaException;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LabelsTest {
  private static final List<String> NAMES = List.of("cat", "käfer", "日本");

  @TempDir private Path folder;

  private Path file(String text, Charset charset) throws IOException {
    return Files.write(folder.resolve("labels.txt"), text.getBytes(charset));
  }

  private static List<String> read(Path file) {
    Labels labels = Labels.read(file);
    return IntStream.range(0, labels.size()).mapToObj(labels::name).toList();
  }

  @Test
  void asEditorsSaveThem() throws IOException {
    for (String end : List.of("\n", "\r\n", "\r")) {
      String text = String.join(end, NAMES);
      for (String last : List.of("", end, end + " " + end + end)) {
        assertThat(read(file(text + last, StandardCharsets.UTF_8))).isEqualTo(NAMES);
        String marked = "\ufeff" + text + last;
        assertThat(read(file(marked, StandardCharsets.UTF_8))).isEqualTo(NAMES);
        assertThat(read(file(marked, StandardCharsets.UTF_16LE))).isEqualTo(NAMES);
        assertThat(read(file(marked, StandardCharsets.UTF_16BE))).isEqualTo(NAMES);
      }
    }
    assertThat(read(file("", StandardCharsets.UTF_8))).isEmpty();
    assertThat(read(file("\ufeff", StandardCharsets.UTF_8))).isEmpty();
  }

  @Test
  void otherTextIsRefusedByItsLine() throws IOException {
    refused(file("cat\r\ndog\r\nk\u00e4fer", StandardCharsets.ISO_8859_1), "line 3 is not UTF-8");
    refused(file("\u00e4", StandardCharsets.ISO_8859_1), "line 1 is not UTF-8");
    refused(file("a\nb", StandardCharsets.UTF_16LE), "line 1 has a zero byte");
    Path odd = file("\ufeffcat\nb", StandardCharsets.UTF_16LE);
    byte[] cut = Files.readAllBytes(odd);
    Files.write(odd, Arrays.copyOf(cut, cut.length - 1));
    refused(odd, "line 2 is not UTF-16LE");
    refused(folder.resolve("no"), "no: there is no such file");
    refused(folder, "labels can't be read from " + folder);
  }

  @Test
  void theSizeIsBounded() throws IOException {
    Path file = folder.resolve("large");
    Files.write(file, new byte[(16 << 20) + 1]);
    refused(file, "it has more than 16777216 bytes");
  }

  private static void refused(Path file, String message) {
    assertThatThrownBy(() -> Labels.read(file))
        .isInstanceOf(PanambaException.class)
        .hasMessageContaining(message);
  }
}
