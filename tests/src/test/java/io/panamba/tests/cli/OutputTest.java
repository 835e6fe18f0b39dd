package io.panamba.tests.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.panamba.cli.Main;
import io.panamba.runtime.Shape;
import io.panamba.tests.kit.ChildJvm;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where a command writes: over no input, and into what can't be replaced. */
class OutputTest {
  @TempDir private Path folder;
  private Path weights;
  private Path picture;
  private Path input;
  private Path output;

  @BeforeEach
  void collect() throws IOException {
    assumeTrue(File.separatorChar == '/', "links, pipes and devices are Unix's");
    weights = Files.copy(Cli.golden("vim_nano.safetensors"), folder.resolve("w.safetensors"));
    picture = Files.createDirectory(folder.resolve("in")).resolve("1.png");
    Files.copy(Cli.golden("images/coins.png"), picture);
    input = Cli.write(folder.resolve("i"), "image", Shape.of(1, 3, 32, 32), new float[3072]);
    output = folder.resolve("o");
  }

  private String[] embed(Object to) {
    return words("embed", folder.resolve("in"), "--weights", weights, "--output", to);
  }

  private String[] forward(Object to) {
    return words("forward", "--weights", weights, "--input", input, "--output", to);
  }

  private static String[] words(Object... words) {
    return Arrays.stream(words).map(Object::toString).toArray(String[]::new);
  }

  private static Cli.Result run(String[] words) {
    return Cli.run((Object[]) words);
  }

  /** Runs commands whose output is an input, by every name that the input has. */
  private void refused(Path file, String... commands) throws IOException {
    byte[] before = Files.readAllBytes(file);
    Path link = Files.createSymbolicLink(folder.resolve("link"), file);
    Path twice = Files.createSymbolicLink(folder.resolve("twice"), Path.of("link"));
    Path hard = Files.createLink(folder.resolve("hard"), file);
    Path same = folder.resolve("in/../").resolve(folder.relativize(file));
    for (Path name : List.of(file, link, twice, hard, same)) {
      for (String command : commands) {
        Cli.Result result = run(command.equals("embed") ? embed(name) : forward(name));
        assertThat(result.error()).contains(name.toString()).contains("would be replaced");
        assertThat(result.out()).isEmpty();
      }
      assertThat(file).hasBinaryContent(before);
    }
    for (Path name : List.of(link, twice, hard)) {
      Files.delete(name);
    }
  }

  @Test
  void noInputIsReplaced() throws IOException {
    refused(weights, "embed", "forward");
    refused(picture, "embed");
    refused(input, "forward");
  }

  @Test
  void noPartOfACheckpointIsReplaced() throws IOException {
    Path index = folder.resolve("model.safetensors.index.json");
    byte[] before = Files.readAllBytes(weights);
    // The same name as JSON may also write it.
    for (String name : List.of("w.safetensors", "\\u0077.safetensors")) {
      Files.writeString(index, "{\"weight_map\": {\"norm_f.weight\": \"%s\"}}".formatted(name));
      for (Path checkpoint : List.of(index, folder)) {
        assertThat(
                Cli.run("forward", "--weights", checkpoint, "--input", input, "--output", weights)
                    .error())
            .contains("a part of the checkpoint");
      }
      assertThat(weights).hasBinaryContent(before);
    }
  }

  @Test
  void thePictureOfALinkIsNotReplaced() throws IOException {
    Path real = Files.move(picture, folder.resolve("real.png"));
    Files.createSymbolicLink(picture, real);
    refused(real, "embed");
  }

  @Test
  void aLinkThatIsNamedIsFollowed() throws IOException {
    Path end =
        Files.writeString(Files.createDirectory(folder.resolve("out")).resolve("features"), "old");
    Files.createSymbolicLink(output, Path.of("out/features"));
    run(embed(output)).ok();
    assertThat(Files.isSymbolicLink(output)).isTrue();
    assertThat(Cli.shape(end, "features")).isEqualTo(Shape.of(1, 32));
    Files.delete(end);
    assertThat(run(embed(output)).error()).contains("a link to out/features, which does not exist");
    assertThat(end).doesNotExist();
  }

  private void makePipe() throws Exception {
    assertThat(new ProcessBuilder("mkfifo", output.toString()).start().waitFor()).isZero();
  }

  @Test
  void aPipeGetsTheBytes() throws Exception {
    Path expected = folder.resolve("expected");
    run(embed(expected)).ok();
    makePipe();
    CompletableFuture<byte[]> read =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return Files.readAllBytes(output);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    run(embed(output)).ok();
    assertThat(read.get()).isEqualTo(Files.readAllBytes(expected));
    assertThat(Files.isRegularFile(output)).isFalse();
  }

  @Test
  void devicesAreWrittenTo() {
    run(embed("/dev/null")).ok();
    assertThat(Files.isRegularFile(Path.of("/dev/null"))).isFalse();
    assumeTrue(Files.isWritable(Path.of("/dev/full")), "there is no /dev/full");
    assertThat(run(forward("/dev/full")).error()).contains("/dev/full").contains("No space left");
    assertThat(run(words("init", "--model", "nano", "--output", "/dev/full")).error())
        .contains("No space left");
    assertThat(Files.isRegularFile(Path.of("/dev/full"))).isFalse();
  }

  @Test
  void placesWhereNoFileCanBe() throws IOException {
    assertThat(run(embed(folder)).error()).contains("is a folder");
    assertThat(run(embed(folder.resolve("no/o"))).error()).contains("there is no folder");
    assertThat(run(embed(folder.resolve("x".repeat(256)))).error()).contains("too long");
    Path loop = Files.createSymbolicLink(output, output);
    assertThat(run(embed(loop)).error()).contains(loop.toString());
    run(embed(folder.resolve("x".repeat(255)))).ok();
    assumeTrue(!"root".equals(System.getProperty("user.name")), "root may write everywhere");
    Path old = Files.writeString(folder.resolve("old"), "old");
    assertThat(old.toFile().setWritable(false)).isTrue();
    assertThat(run(embed(old)).error()).contains("read-only");
    assertThat(folder.resolve("in").toFile().setWritable(false)).isTrue();
    assertThat(run(embed(folder.resolve("in/o"))).error()).contains("read-only");
  }

  private Process start(ProcessBuilder.Redirect to, String... words) throws IOException {
    return ChildJvm.builder(List.of(), Main.class, words)
        .redirectOutput(to)
        .redirectError(folder.resolve("err").toFile())
        .start();
  }

  private String messages() throws IOException {
    return Files.readString(folder.resolve("err"));
  }

  /** What was in the file before stays, and the command's own line is elsewhere. */
  @Test
  void standardOutputIsAppendedTo() throws Exception {
    Path expected = folder.resolve("expected");
    run(embed(expected)).ok();
    Path file = Files.writeString(folder.resolve("appended"), "before");
    for (String name : List.of("/dev/stdout", "/proc/self/fd/1", file.toString())) {
      assumeTrue(Files.exists(Path.of(name)), name);
      Files.writeString(file, "before");
      Process child = start(ProcessBuilder.Redirect.appendTo(file.toFile()), embed(name));
      assertThat(child.waitFor()).as(this::errors).isZero();
      byte[] written = Files.readAllBytes(file);
      assertThat(new String(written, 0, 6, US_ASCII)).isEqualTo("before");
      assertThat(Arrays.copyOfRange(written, 6, written.length))
          .isEqualTo(Files.readAllBytes(expected));
      assertThat(messages()).isEqualTo(name + ": features F32(1, 32)\n");
    }
  }

  private String errors() {
    try {
      return messages();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void aReaderThatLeavesIsAnError() throws Exception {
    Process child = start(ProcessBuilder.Redirect.PIPE, embed("/dev/stdout"));
    child.getInputStream().close();
    assertThat(child.waitFor()).isEqualTo(1);
    assertThat(messages()).contains("can't be written").contains("Broken pipe");
  }

  @Test
  void answersThatCanNotBeWrittenAreAnError() throws Exception {
    assumeTrue(Files.isWritable(Path.of("/dev/full")), "there is no /dev/full");
    Process child =
        start(
            ProcessBuilder.Redirect.appendTo(new File("/dev/full")),
            words("classify", picture, "--weights", weights, "--json"));
    assertThat(child.waitFor()).isEqualTo(1);
    assertThat(messages()).isEqualTo("panamba: standard output can't be written\n");
  }

  /** What another descriptor has open is not replaced behind its back. */
  @Test
  void descriptorsOfFilesAreRefused() throws Exception {
    assumeTrue(Files.exists(Path.of("/proc/self/fd/2")), "descriptors have names on Linux");
    for (String name : List.of("/dev/stderr", "/proc/self/fd/2")) {
      Process child = start(ProcessBuilder.Redirect.DISCARD, embed(name));
      assertThat(child.waitFor()).isEqualTo(1);
      assertThat(messages()).contains("is open already");
    }
  }

  /** A file that is mounted by itself, as into a container, takes no other's name. */
  @Test
  void mountsAreRefused() throws Exception {
    Path mounted = Files.writeString(folder.resolve("mounted here"), "old");
    String script = "mount --bind \"$0\" \"$0\" && exec \"$@\"";
    List<String> mount = List.of("unshare", "-rm", "sh", "-c", script, mounted.toString());
    assumeTrue(succeeds(with(mount, List.of("true"))), "nothing can be mounted here");
    List<String> command = ChildJvm.builder(List.of(), Main.class, embed(mounted)).command();
    Process child =
        new ProcessBuilder(with(mount, command))
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(folder.resolve("err").toFile())
            .start();
    assertThat(child.waitFor()).isEqualTo(1);
    assertThat(messages()).contains("mounted by itself");
    assertThat(mounted).hasContent("old");
  }

  private static List<String> with(List<String> start, List<String> end) {
    List<String> all = new ArrayList<>(start);
    all.addAll(end);
    return all;
  }

  private static boolean succeeds(List<String> command) throws InterruptedException {
    try {
      return new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException _) {
      return false;
    }
  }

  /** The program's own file, of a copy that may be lost. */
  @Test
  void theProgramIsNotReplaced() throws Exception {
    Path jar = Path.of("..", "cli", "target", "panamba.jar");
    assumeTrue(Files.exists(jar), "the jar is built by mvn package");
    Path copy = Files.copy(jar, folder.resolve("panamba.jar"));
    Path library = folder.resolve("cache");
    List<String> java =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Dpanamba.cache=" + library,
            "-jar",
            copy.toString());
    List<String> command = with(java, List.of(forward(copy)));
    assertThat(ended(command)).contains("a part of this program");
    assertThat(Files.mismatch(copy, jar)).isEqualTo(-1);
    Path loaded = library.resolve(library.toFile().list()[0]);
    assertThat(ended(with(java, List.of(forward(loaded))))).contains("a part of this program");
    assertThat(Files.size(loaded)).isGreaterThan(100_000);
  }

  private String ended(List<String> command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(said).isEqualTo(1);
    return said;
  }

  /** A killed embedding's part goes with the next one; a living one's stays. */
  @Test
  void theNextRunTidiesUp() throws IOException {
    Path left = folder.resolve(".o.9b2e7a40-1111-4222-8333-444455556666.part");
    Files.writeString(left, "half", StandardOpenOption.CREATE_NEW);
    run(embed(output)).ok();
    assertThat(left).doesNotExist();
  }
}
