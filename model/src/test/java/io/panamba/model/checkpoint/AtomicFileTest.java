package io.panamba.model.checkpoint;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AtomicFileTest {
  private static final String DEAD = "9b2e7a40-1111-4222-8333-444455556666.part";

  @TempDir private Path folder;
  private Path target;

  @BeforeEach
  void name() {
    assumeTrue(File.separatorChar == '/', "links, pipes and permissions are Unix's");
    target = folder.resolve("target");
  }

  private static AtomicFile.Content text(String text) {
    return channel -> channel.write(ByteBuffer.wrap(text.getBytes(UTF_8)));
  }

  private List<String> names() {
    return Arrays.stream(folder.toFile().list()).sorted().toList();
  }

  private static String permissions(Path file) throws IOException {
    return PosixFilePermissions.toString(
        Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS));
  }

  @Test
  void aNewFileIsAsAnyOther() throws IOException {
    AtomicFile.write(target, text("new"));
    assertThat(target).hasContent("new");
    assertThat(permissions(target))
        .isEqualTo(permissions(Files.createFile(folder.resolve("other"))));
  }

  @ParameterizedTest
  @ValueSource(strings = {"rw-------", "rw-rw-rw-", "rwxr-x--x"})
  void aFileKeepsItsPermissions(String permissions) throws IOException {
    Files.writeString(target, "old");
    Files.setPosixFilePermissions(target, PosixFilePermissions.fromString(permissions));
    AtomicFile.write(
        target,
        channel -> {
          Path part = folder.resolve(names().getFirst());
          assertThat(permissions(part)).isEqualTo(permissions);
          text("new").writeTo(channel);
        });
    assertThat(permissions(target)).isEqualTo(permissions);
    assertThat(target).hasContent("new");
  }

  @Test
  void aFailureLeavesWhatWasThere() throws IOException {
    Files.writeString(target, "old");
    assertThatThrownBy(
            () ->
                AtomicFile.write(
                    target,
                    channel -> {
                      text("half").writeTo(channel);
                      assertThat(names()).hasSize(2);
                      throw new IOException("No space left on device");
                    }))
        .hasMessage("No space left on device");
    assertThat(target).hasContent("old");
    assertThat(names()).containsExactly("target");
  }

  @Test
  void readersOfTheOldFileKeepIt() throws IOException {
    Path other = folder.resolve("other");
    Files.writeString(target, "old");
    Files.createLink(other, target);
    AtomicFile.write(target, text("new"));
    assertThat(other).hasContent("old");
    assertThat(target).hasContent("new");
  }

  @Test
  void plantedLinksAreNotFollowed() throws IOException {
    Path victim = Files.writeString(folder.resolve("victim"), "mine");
    Path nothing = folder.resolve("nothing");
    for (String planted : List.of(".target.part", ".target." + DEAD)) {
      Files.createSymbolicLink(folder.resolve(planted), victim);
    }
    AtomicFile.write(target, text("new"));
    for (Path end : List.of(victim, nothing)) {
      Files.delete(target);
      Files.createSymbolicLink(target, end);
      assertThatThrownBy(() -> AtomicFile.write(target, text("new")))
          .isInstanceOf(FileSystemException.class)
          .hasMessageContaining("it is a link");
    }
    assertThat(victim).hasContent("mine");
    assertThat(nothing).doesNotExist();
  }

  @Test
  void resolvesLinksThatWereNamed() throws IOException {
    Path end = Files.writeString(folder.resolve("end"), "old");
    Path middle = Files.createSymbolicLink(folder.resolve("middle"), Path.of("end"));
    Files.createSymbolicLink(target, middle);
    assertThat(AtomicFile.resolve(target)).isEqualTo(end.toRealPath());
    assertThat(AtomicFile.resolve(end)).isEqualTo(end);
    Files.delete(end);
    assertThatThrownBy(() -> AtomicFile.resolve(target)).hasMessageContaining("does not exist");
    Files.createSymbolicLink(end, target);
    assertThatThrownBy(() -> AtomicFile.resolve(target)).isInstanceOf(IOException.class);
    Path device = Path.of("/dev/null");
    Files.delete(end);
    Files.createSymbolicLink(end, device);
    assertThat(AtomicFile.resolve(target)).isEqualTo(target);
    Files.delete(end);
  }

  @Test
  void writesToAPipe() throws Exception {
    Process made = new ProcessBuilder("mkfifo", target.toString()).start();
    assertThat(made.waitFor()).isZero();
    CompletableFuture<String> read =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return Files.readString(target);
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    AtomicFile.write(target, text("through"));
    assertThat(read.get()).isEqualTo("through");
    assertThat(Files.isRegularFile(target)).isFalse();
    assertThat(names()).containsExactly("target");
  }

  @Test
  void writesToDevices() throws IOException {
    Path full = Path.of("/dev/full");
    assumeTrue(Files.isWritable(full), "there is no /dev/full");
    assertThatThrownBy(() -> AtomicFile.write(full, text("x"))).hasMessageContaining("No space");
    AtomicFile.write(Path.of("/dev/null"), text("x"));
    assertThat(Files.isRegularFile(full)).isFalse();
    assertThat(Files.isRegularFile(Path.of("/dev/null"))).isFalse();
  }

  @Test
  void refusesFolders() throws IOException {
    Files.createDirectory(target);
    assertThatThrownBy(() -> AtomicFile.write(target, text("x"))).hasMessageContaining("folder");
    assertThat(target).isEmptyDirectory();
    assertThat(names()).containsExactly("target");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a", "ä 日本 \\ \" $(x)", ".*", ".part"})
  void anyNameWillDo(String start) throws IOException {
    for (Path file : List.of(folder.resolve(start), folder.resolve(longest(start)))) {
      AtomicFile.write(
          file,
          channel -> {
            text(start).writeTo(channel);
            AtomicFile.removeLeft(file);
            assertThat(names()).as("what is being written stays").hasSize(1);
          });
      assertThat(file).hasContent(start);
      Files.delete(file);
      assertThat(names()).isEmpty();
    }
  }

  /** Of the 255 bytes that file systems take. */
  private static String longest(String start) {
    return start + "x".repeat(255 - start.getBytes(UTF_8).length);
  }

  @Test
  void removesWhatTheKilledLeft() throws IOException {
    for (String name : List.of(".target.", ".target2.", "target.", ".target.x.")) {
      Files.writeString(folder.resolve(name + DEAD), "half");
    }
    AtomicFile.removeLeft(target);
    assertThat(names()).containsExactly(".target.x." + DEAD, ".target2." + DEAD, "target." + DEAD);
  }

  /** Another process removes what was left while this one writes. */
  @Test
  void whatIsBegunIsNotTakenForLeft() throws Exception {
    Process removing =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Remover.class.getName(),
                target.toString())
            .redirectErrorStream(true)
            .start();
    assertThat(removing.getInputStream().read()).isEqualTo('r');
    try {
      for (int i = 0; i < 1000; i++) {
        AtomicFile.write(target, text("whole"));
        assertThat(target).hasContent("whole");
      }
      assertThat(removing.isAlive()).isTrue();
    } finally {
      removing.destroy();
      removing.waitFor();
    }
    assertThat(names()).containsExactly("target");
  }

  /** Removes what was left beside a file, until it is ended. */
  static final class Remover {
    private Remover() {}

    public static void main(String[] arguments) throws IOException {
      System.out.println("ready");
      while (true) {
        AtomicFile.removeLeft(Path.of(arguments[0]));
      }
    }
  }
}
