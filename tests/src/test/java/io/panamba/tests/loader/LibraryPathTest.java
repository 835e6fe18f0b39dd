package io.panamba.tests.loader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.panamba.runtime.LibraryInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code -Dpanamba.library.path}: what it accepts, and that nothing takes its place. */
class LibraryPathTest {
  private static final String PROPERTY = "panamba.library.path";

  @TempDir private Path scratch;
  private Path library;

  @BeforeEach
  void unpack() throws IOException {
    library = Files.write(scratch.resolve(System.mapLibraryName("panamba")), Entries.library());
  }

  private Child.Result load(Object path) throws Exception {
    return Child.in(scratch).property(PROPERTY, path).run("info");
  }

  private String refusal(Object path) throws Exception {
    String message = load(path).refused();
    assertThat(message)
        .startsWith("Panamba's native library for ")
        .contains("-Dpanamba.library.path=" + path + ": ")
        .contains("Give the property the path of")
        .doesNotContain("resource");
    assertThat(Child.cache(scratch)).doesNotExist();
    return message;
  }

  @Test
  void aFile() throws Exception {
    Path renamed = Files.move(library, scratch.resolve("any name"));
    Child.Result result = load(renamed).loaded();
    assertThat(result.get("path")).isEqualTo(renamed.toString());
    assertThat(result.get("source")).isEqualTo("PROPERTY");
    assertThat(result.get("sha256")).isEqualTo(LibraryInfo.current().sha256());
    assertThat(result.get("build")).isEqualTo(LibraryInfo.current().build());
    assertThat(result.all("tried")).containsExactly("-D" + PROPERTY + "=" + renamed + ": loaded");
    assertThat(Child.cache(scratch)).doesNotExist();
  }

  @Test
  void aFolder() throws Exception {
    assertThat(load(scratch).loaded().get("path")).isEqualTo(library.toString());
  }

  @Test
  void aLink() throws Exception {
    Path link = Files.createSymbolicLink(scratch.resolve("link"), library);
    assertThat(load(link).loaded().get("path")).isEqualTo(link.toString());
  }

  @Test
  void aMissingFile() throws Exception {
    Path missing = scratch.resolve("missing.so");
    assertThat(refusal(missing)).contains("there is no file " + missing);
  }

  @Test
  void aFolderWithoutTheLibrary() throws Exception {
    Path empty = Files.createDirectory(scratch.resolve("empty"));
    assertThat(refusal(empty)).contains("there is no file " + empty.resolve(library.getFileName()));
  }

  @Test
  void nothing() throws Exception {
    assertThat(refusal("")).contains("it is empty");
  }

  @Test
  void aText() throws Exception {
    Path text = Files.writeString(scratch.resolve("text.so"), "not a library\n".repeat(100));
    assertThat(refusal(text)).contains("not a shared library");
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.001, 0.1, 0.5, 0.9})
  void aTruncatedLibrary(double part) throws Exception {
    byte[] whole = Entries.library();
    Path truncated = scratch.resolve("truncated.so");
    Files.write(truncated, Arrays.copyOf(whole, (int) (part * whole.length)));
    assertThat(refusal(truncated)).containsAnyOf("truncated or damaged", "not a shared library");
  }

  @Test
  void aDevice() throws Exception {
    assumeTrue(Files.exists(Path.of("/dev/zero")));
    assertThat(refusal("/dev/zero")).contains("it is not a file");
  }

  @Test
  void anotherLibrary() throws Exception {
    Path other;
    try (Stream<Path> libraries = Files.list(Path.of(System.getProperty("java.home"), "lib"))) {
      other =
          libraries
              .filter(file -> file.endsWith(System.mapLibraryName("zip")))
              .findFirst()
              .orElseThrow();
    }
    assertThat(load(other).refused())
        .contains(other + " is a library, but not Panamba's")
        .contains("give the path of " + library.getFileName());
  }

  @Test
  void anotherVersionOfTheInterface() throws Exception {
    int version = LibraryInfo.current().abiVersion();
    Path fake = FakeLibrary.compile(scratch, version + 41);
    assertThat(load(fake).refused())
        .contains(fake + " has version " + (version + 41))
        .contains("needs version " + version)
        .contains("of the same release");
  }

  @Test
  void aFileSystemWithoutExecution() throws Exception {
    Path mounted = scratch.resolve("mounted");
    Child.Result result =
        Child.in(scratch)
            .through(Mounts.at(mounted, "noexec", "cp '" + library + "' ."))
            .property(PROPERTY, mounted)
            .run("info");
    assertThat(result.refused()).contains("is the file system mounted noexec?");
  }

  @Test
  void aFailureIsRemembered() throws Exception {
    Child.Result result =
        Child.in(scratch).property(PROPERTY, scratch.resolve("missing")).run("twice").loaded();
    assertThat(result.get("first")).contains("there is no file").isEqualTo(result.get("second"));
  }

  @Test
  void aFailureIsDescribedWithoutAnException() throws Exception {
    Path missing = scratch.resolve("missing");
    Child.Result result = Child.in(scratch).property(PROPERTY, missing).run("describe").loaded();
    assertThat(result.output())
        .contains("native library  not available")
        .contains("-D" + PROPERTY + "=" + missing + ": there is no file " + missing);
  }
}
