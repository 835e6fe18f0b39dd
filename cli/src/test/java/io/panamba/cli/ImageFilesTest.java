package io.panamba.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageFilesTest {
  @TempDir private Path folder;
  private final List<String> reported = new ArrayList<>();
  private final FailureLog failures = new FailureLog("panamba embed", reported::add);

  private Path file(String name) throws IOException {
    Path path = folder.resolve(name);
    Files.createDirectories(path.getParent());
    return Files.createFile(path);
  }

  @Test
  void searchesFoldersAndSorts() throws IOException {
    Path late = file("z.png");
    Path deep = file("a/b/C.JPeG");
    Path webp = file("a/x.webp");
    file("a/notes.txt");
    file("jpg");
    assertThat(ImageFiles.find(List.of(folder), failures)).containsExactly(deep, webp, late);
    assertThat(reported)
        .containsExactly("panamba embed: left out: 2 files without an image's ending");
    assertThat(failures.count()).isZero();
  }

  @Test
  void takesNamedFilesWhateverTheyAreCalledAndEachOnce() throws IOException {
    Path odd = file("picture.data");
    Path image = file("i.png");
    Path missing = folder.resolve("missing.png");
    assertThat(ImageFiles.find(List.of(odd, image, missing, folder, image), failures))
        .containsExactly(image, missing, odd);
  }

  @Test
  void countsFailures() {
    failures.add(new IOException("a\nb"));
    failures.redirect(line -> reported.add("> " + line));
    failures.add(new IOException("c"));
    assertThat(failures.count()).isEqualTo(2);
    assertThat(reported).containsExactly("panamba embed: a b", "> panamba embed: c");
  }
}
