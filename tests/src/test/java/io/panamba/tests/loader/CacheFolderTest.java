package io.panamba.tests.loader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.panamba.runtime.LibraryInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The library as a resource, and the folders that it is copied to. */
class CacheFolderTest {
  @TempDir private Path scratch;

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }

  private Path temporaryCache() {
    return Child.temporary(scratch).resolve("panamba-tester");
  }

  private Path blocked() throws IOException {
    return Files.writeString(scratch.resolve("file"), "").resolve("cache");
  }

  /** A child that can only use the temporary folder. */
  private Child temporary() throws IOException {
    return Child.in(scratch).property("panamba.cache", blocked());
  }

  private void assertTemporaryRefused(String reason) throws Exception {
    assertThat(temporary().run("info").refused())
        .contains("resource " + Entries.RESOURCE + ": found")
        .contains("cache " + blocked() + " (-Dpanamba.cache): it can't be created")
        .contains("cache " + temporaryCache() + " (temporary files): " + reason)
        .contains("Set -Dpanamba.cache to a folder of your own where code may be executed");
  }

  @Test
  void theUsersCacheIsUsedAgain() throws Exception {
    Path expected =
        Child.cache(scratch).resolve("libpanamba-" + LibraryInfo.current().sha256() + ".so");
    assertThat(Child.in(scratch).run("info").loaded().get("path")).isEqualTo(expected.toString());
    Object written = Files.getLastModifiedTime(expected);
    assertThat(Child.in(scratch).run("info").loaded().get("path")).isEqualTo(expected.toString());
    assertThat(Files.getLastModifiedTime(expected)).isEqualTo(written);
    assertThat(expected).hasBinaryContent(Entries.library());
    assertThat(files(Child.cache(scratch))).containsExactly(expected);
    assertThat(temporaryCache()).doesNotExist();
  }

  @Test
  void thePropertyNamesTheCache() throws Exception {
    Path cache = scratch.resolve("my cache");
    Child.Result result = Child.in(scratch).property("panamba.cache", cache).run("info").loaded();
    assertThat(Path.of(result.get("path"))).hasParent(cache);
    assertThat(Child.cache(scratch)).doesNotExist();
  }

  @Test
  void aDamagedFileIsReplaced() throws Exception {
    Path file = Path.of(Child.in(scratch).run("info").loaded().get("path"));
    byte[] content = Entries.library();
    content[content.length / 2] ^= 1;
    Files.write(file, content);
    Child.Result result = Child.in(scratch).run("info").loaded();
    assertThat(result.get("path")).isEqualTo(file.toString());
    assertThat(result.errors()).contains("WARNING").contains(file + " is damaged");
    assertThat(file).hasBinaryContent(Entries.library());
    assertThat(files(file.getParent())).containsExactly(file);
  }

  @Test
  void anUnusableCacheLeadsToTheTemporaryFolder() throws Exception {
    Child.Result result = temporary().run("info").loaded();
    assertThat(Path.of(result.get("path"))).hasParent(temporaryCache());
    assertThat(result.all("tried"))
        .hasSize(3)
        .contains("cache " + blocked() + " (-Dpanamba.cache): it can't be created: Not a directory")
        .contains("cache " + temporaryCache() + " (temporary files): loaded");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(temporaryCache())))
        .isEqualTo("rwx------");
  }

  @Test
  void aReadOnlyFileSystemLeadsToTheTemporaryFolder() throws Exception {
    Path mounted = scratch.resolve("mounted");
    Child.Result result =
        Child.in(scratch)
            .through(Mounts.at(mounted, "ro,mode=0700", "true"))
            .property("panamba.cache", mounted)
            .run("info")
            .loaded();
    assertThat(Path.of(result.get("path"))).hasParent(temporaryCache());
    assertThat(result.all("tried").get(1)).contains("can't be written to: Read-only file system");
  }

  @Test
  void aFolderWithoutExecutionLeadsToTheTemporaryFolder() throws Exception {
    Path mounted = scratch.resolve("mounted");
    Child.Result result =
        Child.in(scratch)
            .through(Mounts.at(mounted, "noexec,mode=0700", "true"))
            .property("panamba.cache", mounted)
            .run("info")
            .loaded();
    assertThat(Path.of(result.get("path"))).hasParent(temporaryCache());
    assertThat(result.all("tried").get(1)).contains("is the file system mounted noexec?");
  }

  @Test
  void aLinkedTemporaryFolderIsRefused() throws Exception {
    Path elsewhere = Files.createDirectory(scratch.resolve("elsewhere"));
    Files.createDirectories(Child.temporary(scratch));
    Files.createSymbolicLink(temporaryCache(), elsewhere);
    assertTemporaryRefused("it is a symbolic link");
    assertThat(elsewhere).isEmptyDirectory();
  }

  @Test
  void aTemporaryFolderThatOthersMayWriteToIsRefused() throws Exception {
    Files.createDirectories(temporaryCache());
    Files.setPosixFilePermissions(temporaryCache(), PosixFilePermissions.fromString("rwxrwxrwx"));
    assertTemporaryRefused("others may write to it (rwxrwxrwx)");
    assertThat(temporaryCache()).isEmptyDirectory();
  }

  @Test
  void aTemporaryFolderThatOthersMayReplaceIsRefused() throws Exception {
    Files.createDirectories(Child.temporary(scratch));
    Files.setPosixFilePermissions(
        Child.temporary(scratch), PosixFilePermissions.fromString("rwxrwxrwx"));
    assertTemporaryRefused("others may replace it");
  }

  /** A failure stays one: no thread's interrupt may make the first use of the library fail. */
  @Test
  void anInterruptedThreadLoadsTheLibrary() throws Exception {
    Child.Result result = Child.in(scratch).run("interrupted").loaded();
    assertThat(Path.of(result.get("path"))).hasParent(Child.cache(scratch));
    assertThat(result.get("interrupted")).isEqualTo("true");
  }

  @Test
  void aTemporaryFolderOfSomebodyElseIsRefused() throws Exception {
    Files.createDirectories(temporaryCache());
    assumeTrue(
        Files.getAttribute(temporaryCache(), "unix:uid").equals(0),
        "only root can give folders away");
    Files.setAttribute(temporaryCache(), "unix:uid", 65534);
    assertTemporaryRefused("it belongs to ");
  }

  @Test
  void aMissingResourceIsNamed() throws Exception {
    assertThat(
            Child.in(scratch)
                .classPath(Entries.RUNTIME, Entries.BINDINGS, Entries.TESTS)
                .run("info")
                .refused())
        .contains(
            "resource "
                + Entries.RESOURCE
                + ": it is neither on the class path nor on the module path")
        .contains("Add panamba-native for ")
        .contains("or set -Dpanamba.library.path");
  }

  @Test
  void processesExtractAtOnce() throws Exception {
    List<Child.Running> children = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      children.add(Child.in(scratch).start("info"));
    }
    Set<String> paths = new HashSet<>();
    for (Child.Running child : children) {
      Child.Result result = child.await().loaded();
      assertThat(result.errors()).isEmpty();
      paths.add(result.get("path"));
    }
    assertThat(paths).hasSize(1);
    assertThat(files(Child.cache(scratch))).containsExactly(Path.of(paths.iterator().next()));
  }

  @Test
  void classLoadersOfOneProcessHaveCopiesOfTheirOwn() throws Exception {
    Child.Result result = Child.in(scratch).run("loaders").loaded();
    assertThat(result.get("path1")).isNotEqualTo(result.get("path2"));
    assertThat(result.get("tier1")).isEqualTo(result.get("tier2"));
    assertThat(files(Child.cache(scratch))).containsExactly(Path.of(result.get("path1")));
  }

  @Test
  void classLoadersShareANamedLibraryByCopies() throws Exception {
    Path library = Files.write(scratch.resolve("libpanamba.so"), Entries.library());
    Child.Result result =
        Child.in(scratch).property("panamba.library.path", library).run("loaders").loaded();
    assertThat(result.get("path1")).isEqualTo(library.toString());
    assertThat(Path.of(result.get("path2")).getParent()).isEqualTo(Child.cache(scratch));
    assertThat(Child.cache(scratch)).isEmptyDirectory();
  }

  @Test
  void whatWasChosenIsLoggedOnce() throws Exception {
    Path settings =
        Files.writeString(
            scratch.resolve("logging.properties"),
            """
            handlers=java.util.logging.ConsoleHandler
            java.util.logging.ConsoleHandler.level=ALL
            io.panamba.runtime.level=FINE
            """);
    Child.Result result =
        Child.in(scratch).property("java.util.logging.config.file", settings).run("info").loaded();
    assertThat(result.errors())
        .containsOnlyOnce("FINE: native library " + result.get("path"))
        .contains("tier " + result.get("tier"));
  }

  @Test
  void theLibraryIsDescribed() throws Exception {
    assertThat(Child.in(scratch).run("describe").loaded().output())
        .contains("native library  " + Child.cache(scratch))
        .contains("SHA-256         " + LibraryInfo.current().sha256())
        .contains("interface       version " + LibraryInfo.current().abiVersion())
        .contains("tried           resource " + Entries.RESOURCE + ": found");
  }
}
