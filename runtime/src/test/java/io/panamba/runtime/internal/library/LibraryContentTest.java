package io.panamba.runtime.internal.library;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LibraryContentTest {
  private static final byte[] LIBRARY = "the library".getBytes(StandardCharsets.UTF_8);
  private static final String NAME = "libpanamba.so";

  @TempDir private Path folder;

  private URL inJar(Map<String, byte[]> entries) throws IOException {
    Path jar = folder.resolve("native.jar");
    try (OutputStream file = Files.newOutputStream(jar);
        ZipOutputStream zip = new ZipOutputStream(file)) {
      for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
        zip.putNextEntry(new ZipEntry(entry.getKey()));
        zip.write(entry.getValue());
        zip.closeEntry();
      }
    }
    return URI.create("jar:" + jar.toUri() + "!/" + NAME).toURL();
  }

  private static void isTheLibrary(LibraryContent content) throws Refusal {
    assertThat(content.size()).isEqualTo(LIBRARY.length);
    assertThat(content.matches(LIBRARY)).isTrue();
    for (String other : new String[] {"", "the librarz", "the library and more"}) {
      assertThat(content.matches(other.getBytes(StandardCharsets.UTF_8))).isFalse();
    }
    assertThat(content.bytes()).isEqualTo(LIBRARY);
  }

  @Test
  void jarsFilesAndBytesAreTheSame() throws Exception {
    isTheLibrary(LibraryContent.of(inJar(Map.of(NAME, LIBRARY))));
    isTheLibrary(LibraryContent.of(Files.write(folder.resolve(NAME), LIBRARY).toUri().toURL()));
    isTheLibrary(LibraryContent.of(LIBRARY));
  }

  @Test
  void theHashIsTheOneBesideTheLibrary() throws Exception {
    String written = "0123456789abcdef".repeat(4);
    URL url =
        inJar(
            Map.of(
                NAME,
                LIBRARY,
                NAME + ".sha256",
                (written + "\n").getBytes(StandardCharsets.UTF_8)));
    assertThat(LibraryResource.sha256(url, LibraryContent.of(url))).isEqualTo(written);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "../../x", "0123", "zz"})
  void whatIsNoHashIsComputed(String written) throws Exception {
    URL url =
        inJar(Map.of(NAME, LIBRARY, NAME + ".sha256", written.getBytes(StandardCharsets.UTF_8)));
    assertThat(LibraryResource.sha256(url, LibraryContent.of(url)))
        .isEqualTo(LibraryLoader.sha256(LIBRARY));
  }

  @Test
  void whereThereIsNoneItIsComputed() throws Exception {
    URL url = inJar(Map.of(NAME, LIBRARY));
    assertThat(LibraryResource.sha256(url, LibraryContent.of(url)))
        .isEqualTo(LibraryLoader.sha256(LIBRARY));
  }
}
