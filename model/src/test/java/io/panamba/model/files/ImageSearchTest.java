package io.panamba.model.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageSearchTest {
  @TempDir private Path scratch;
  private Path root;
  private final ImageSearch search = new ImageSearch();

  @BeforeEach
  void create() throws IOException {
    root = Files.createDirectory(scratch.resolve("root"));
  }

  private Path file(String name) throws IOException {
    Path path = root.resolve(PathText.path(name));
    Files.createDirectories(path.getParent());
    return Files.createFile(path);
  }

  private Path link(String name, String target) throws IOException {
    Path path = root.resolve(PathText.path(name));
    Files.createDirectories(path.getParent());
    return Files.createSymbolicLink(path, Path.of(target));
  }

  private List<String> found() {
    return search.images(root).stream().map(path -> PathText.of(root.relativize(path))).toList();
  }

  @Test
  void endingsInCapitalsOrNot() throws IOException {
    for (String ending :
        List.of("jpg", "JPEG", "Jpe", "png", "gif", "bmp", "tif", "TIFF", "webp", "txt", "png~")) {
      file("a." + ending);
    }
    file("png");
    file("noending");
    assertThat(found())
        .containsExactly(
            "a.JPEG", "a.Jpe", "a.TIFF", "a.bmp", "a.gif", "a.jpg", "a.png", "a.tif", "a.webp");
    assertThat(search.leftOut()).isEqualTo("left out: 4 files without an image's ending");
    assertThat(search.failures()).isEmpty();
  }

  @Test
  void hiddenFilesAndFolders() throws IOException {
    file("1.png");
    file(".2.png");
    file(".ipynb_checkpoints/1-checkpoint.png");
    file("__MACOSX/1.png");
    file("deep/@eaDir/1.png");
    file("deep/Thumbs.db");
    assertThat(found()).containsExactly("1.png");
    assertThat(search.leftOut()).isEqualTo("left out: 5 hidden files and folders");
    // A folder that is named is searched.
    assertThat(search.images(root.resolve(".ipynb_checkpoints"))).hasSize(1);
  }

  /** Byte by byte: capitals first, and the part of a name before its folder's end. */
  @Test
  void theOrderIsThatOfBytes() throws IOException {
    for (String name :
        List.of(
            "a/1.png", "a-b.png", "a.png", "B.png", "é.png", "\ud83d\ude00.png", "\uff01.png")) {
      file(name);
    }
    assertThat(found())
        .containsExactly(
            "B.png", "a-b.png", "a.png", "a/1.png", "é.png", "\uff01.png", "\ud83d\ude00.png");
  }

  @Test
  void linksAreFollowed() throws IOException {
    Path elsewhere = Files.createDirectory(scratch.resolve("elsewhere"));
    Files.createFile(elsewhere.resolve("3.png"));
    file("1.png");
    link("2.png", "1.png");
    link("folder", elsewhere.toString());
    assertThat(found()).containsExactly("1.png", "2.png", "folder/3.png");
    assertThat(search.leftOut()).isEmpty();
    Path linked = Files.createSymbolicLink(scratch.resolve("linked"), root);
    assertThat(search.images(linked))
        .containsExactly(
            linked.resolve("1.png"), linked.resolve("2.png"), linked.resolve("folder/3.png"));
  }

  @Test
  void circlesEnd() throws IOException {
    file("a/1.png");
    link("a/self", ".");
    link("a/up", "..");
    link("a/far", "../..");
    link("b", "a");
    link("knot", "knot");
    assertThat(found()).containsExactly("a/1.png");
    assertThat(search.leftOut()).isEqualTo("left out: 5 links to folders searched already");
    assertThat(search.failures()).isEmpty();
  }

  /** Two links a level would double the paths 40 times. */
  @Test
  void aFolderIsSearchedOnce() throws IOException {
    for (int i = 0; i < 40; i++) {
      link("d" + i + "/a", "../d" + (i + 1));
      link("d" + i + "/b", "../d" + (i + 1));
    }
    file("d40/1.png");
    assertThat(found()).hasSize(1);
  }

  @Test
  void whatLeadsNowhereIsReported() throws IOException {
    file("1.png");
    link("2\n.png", "gone");
    assertThat(found()).containsExactly("1.png");
    assertThat(search.failures()).hasSize(1);
    assertThat(search.failures().getFirst())
        .hasMessage(PathText.printable(root) + "/2\\n.png: the link leads nowhere");
  }

  @Test
  void whatMayNotBeOpenedIsReported() throws IOException {
    Path closed = file("closed/1.png").getParent();
    file("2.png");
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("---------"));
    try {
      assumeFalse(Files.isReadable(closed), "this user may open everything");
      assertThat(found()).containsExactly("2.png");
      assertThat(search.failures()).hasSize(1);
      assertThat(search.failures().getFirst()).hasMessageEndingWith("it may not be opened");
    } finally {
      Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
    }
  }

  @Test
  void foldersOfClasses() throws IOException {
    file("b/1.png");
    file("a/deep/2.png");
    file(".git/3.png");
    file("readme.txt");
    link("a/up", "..");
    assertThat(search.folders(root)).containsExactly(root.resolve("a"), root.resolve("b"));
    assertThat(search.images(root.resolve("a"))).containsExactly(root.resolve("a/deep/2.png"));
    assertThat(search.images(root.resolve("b"))).hasSize(1);
    assertThat(search.leftOut())
        .isEqualTo(
            "left out: 1 hidden file or folder, 1 file beside the folders of classes, 1 link to a"
                + " folder searched already");
  }
}
