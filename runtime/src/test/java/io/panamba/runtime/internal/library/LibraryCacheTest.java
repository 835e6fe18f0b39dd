package io.panamba.runtime.internal.library;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LibraryCacheTest {
  private static final byte[] CONTENT = "the library".getBytes(StandardCharsets.UTF_8);
  private static final String HASH = "0123abcd";

  @TempDir private Path temporary;
  private Path folder;

  @BeforeEach
  void nameFolder() {
    folder = temporary.resolve("a/b");
  }

  private Path store() throws Refusal {
    return LibraryCache.open(folder, "libpanamba.so").store(LibraryContent.of(CONTENT), HASH);
  }

  private static void assumePosix() {
    assumeTrue(FileSystems.getDefault().supportedFileAttributeViews().contains("unix"));
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }

  private static void permit(Path path, String permissions) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
  }

  @Test
  void namesFilesByTheirHashAndKeepsThem() throws Exception {
    Path file = store();
    assertThat(file).isEqualTo(folder.resolve("libpanamba-0123abcd.so")).hasBinaryContent(CONTENT);
    Object key =
        Files.readAttributes(file, java.nio.file.attribute.BasicFileAttributes.class).fileKey();
    assertThat(store()).isEqualTo(file);
    assertThat(
            Files.readAttributes(file, java.nio.file.attribute.BasicFileAttributes.class).fileKey())
        .isEqualTo(key);
    assertThat(names()).containsExactly("libpanamba-0123abcd.so");
  }

  @Test
  void foldersAndFilesAreTheUsersAlone() throws Exception {
    assumePosix();
    Path file = store();
    for (Path path : List.of(temporary.resolve("a"), folder)) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
          .isEqualTo("rwx------");
    }
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "the librarz", "the library and more"})
  void replacesDamagedFiles(String content) throws Exception {
    Path file = store();
    Files.writeString(file, content);
    assertThat(store()).isEqualTo(file).hasBinaryContent(CONTENT);
    assertThat(names()).hasSize(1);
  }

  @Test
  void replacesAFileThatOthersMayWriteTo() throws Exception {
    assumePosix();
    Path file = store();
    permit(file, "rw-rw----");
    store();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
  }

  @Test
  void replacesALinkAndLeavesItsTargetAlone() throws Exception {
    assumePosix();
    Path file = store();
    Path target = Files.write(temporary.resolve("target"), CONTENT);
    Files.delete(file);
    Files.createSymbolicLink(file, target);
    store();
    assertThat(Files.isSymbolicLink(file)).isFalse();
    assertThat(file).hasBinaryContent(CONTENT);
    assertThat(target).hasBinaryContent(CONTENT);
  }

  @Test
  void refusesAFolderInTheFilesPlaceAndLeavesNothingBehind() throws Exception {
    Path file = store();
    Files.delete(file);
    Files.createDirectories(file.resolve("x"));
    assertThatThrownBy(this::store)
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("can't be written");
    assertThat(names()).hasSize(1);
  }

  @Test
  void privateCopiesDifferInName() throws Exception {
    LibraryCache cache = LibraryCache.open(folder, "libpanamba.so");
    Path first = cache.privateCopy(LibraryContent.of(CONTENT));
    Path second = cache.privateCopy(LibraryContent.of(CONTENT));
    assertThat(first).isNotEqualTo(second).hasBinaryContent(CONTENT);
    assertThat(second).hasBinaryContent(CONTENT);
    assertThat(first.getFileName().toString()).startsWith("libpanamba-").endsWith(".so");
  }

  @Test
  void manyThreadsStoreAtOnce() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<Callable<Path>> stores =
          IntStream.range(0, 64).<Callable<Path>>mapToObj(_ -> this::store).toList();
      for (Future<Path> stored : threads.invokeAll(stores)) {
        assertThat(stored.get()).hasBinaryContent(CONTENT);
      }
    }
    assertThat(names()).containsExactly("libpanamba-0123abcd.so");
  }

  @Test
  void refusesAFileInTheFoldersPlace() throws Exception {
    Files.createDirectories(folder.getParent());
    Files.writeString(folder, "");
    assertThatThrownBy(this::store)
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("not a folder");
    folder = folder.resolve("below");
    assertThatThrownBy(this::store)
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("can't be created");
  }

  @Test
  void refusesASymbolicLink() throws Exception {
    assumePosix();
    Files.createDirectories(folder.getParent());
    Path target = Files.createDirectory(temporary.resolve("target"));
    Files.createSymbolicLink(folder, target);
    assertThatThrownBy(this::store)
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("symbolic link");
    assertThat(target).isEmptyDirectory();
    Files.delete(target);
    assertThatThrownBy(this::store)
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("symbolic link");
  }

  @ParameterizedTest
  @ValueSource(strings = {"rwxrwx---", "rwx----w-", "rwxrwxrwx"})
  void refusesAFolderThatOthersMayWriteTo(String permissions) throws Exception {
    assumePosix();
    Files.createDirectories(folder);
    permit(folder, permissions);
    assertThatThrownBy(this::store)
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("others may write to it (" + permissions + ")")
        .hasMessageContaining("chmod go-w");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void acceptsAFolderThatOthersMayRead() throws Exception {
    assumePosix();
    Files.createDirectories(folder);
    permit(folder, "rwxr-xr-x");
    assertThat(store()).hasBinaryContent(CONTENT);
  }

  @Test
  void refusesAFolderThatAnybodyMayReplace() throws Exception {
    assumePosix();
    Files.createDirectories(folder.getParent());
    permit(folder.getParent(), "rwxrwxrwx");
    assertThatThrownBy(this::store)
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("lacks the sticky bit");
    Files.setAttribute(folder.getParent(), "unix:mode", 01777);
    assertThat(store()).hasBinaryContent(CONTENT);
  }

  @Test
  void refusesAFolderThatAGroupMayReplace() throws Exception {
    assumePosix();
    Files.createDirectories(folder);
    permit(temporary.resolve("a"), "rwxrwx---");
    assertThatThrownBy(this::store)
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("they may write to " + temporary.resolve("a"));
  }

  private void giveAway(Path path) throws IOException {
    assumePosix();
    assumeTrue(
        Files.getAttribute(temporary, "unix:uid").equals(0), "only root can give folders away");
    Files.setAttribute(path, "unix:uid", 65534, LinkOption.NOFOLLOW_LINKS);
  }

  @Test
  void refusesAFolderBelowSomebodyElses() throws Exception {
    Files.createDirectories(folder);
    giveAway(temporary.resolve("a"));
    assertThatThrownBy(this::store)
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("may replace it, to whom " + temporary.resolve("a") + " belongs");
  }

  @Test
  void followsTheUsersLinksOnTheWay() throws Exception {
    assumePosix();
    Path target = Files.createDirectories(temporary.resolve("x/target"));
    Files.createSymbolicLink(temporary.resolve("link"), Path.of("x/../x/target"));
    Files.createSymbolicLink(temporary.resolve("a"), temporary.resolve("link"));
    assertThat(store()).isEqualTo(folder.resolve("libpanamba-0123abcd.so"));
    assertThat(target.resolve("b/libpanamba-0123abcd.so")).hasBinaryContent(CONTENT);
  }

  /** Its owner could have it point elsewhere, between the check and the loading. */
  @Test
  void refusesALinkOfSomebodyElseOnTheWay() throws Exception {
    Files.createDirectories(temporary.resolve("target/b"));
    Path link = Files.createSymbolicLink(temporary.resolve("a"), temporary.resolve("target"));
    giveAway(link);
    assertThatThrownBy(this::store)
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("may replace it, to whom " + link + " belongs");
  }

  @Test
  void refusesALinkInAFolderThatOthersMayWriteTo() throws Exception {
    assumePosix();
    Path open = Files.createDirectories(temporary.resolve("open"));
    Files.createDirectories(temporary.resolve("target/b"));
    Files.createSymbolicLink(open.resolve("link"), temporary.resolve("target"));
    permit(open, "rwxrwxrwx");
    folder = open.resolve("link/b");
    assertThatThrownBy(this::store)
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("they may write to " + open);
  }

  @Test
  void refusesAFolderOfSomebodyElse() throws Exception {
    assumePosix();
    assumeTrue(
        Files.getAttribute(temporary, "unix:uid").equals(0), "only root can give folders away");
    Files.createDirectories(folder);
    Files.setAttribute(folder, "unix:uid", 65534);
    assertThatThrownBy(this::store)
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("it belongs to");
    assertThat(folder).isEmptyDirectory();
  }
}
