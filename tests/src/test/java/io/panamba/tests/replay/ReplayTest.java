package io.panamba.tests.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.architecture.Precision;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Networks without a JVM: the recordings that are left in {@code target/recordings} give the
 * expected numbers, replayed by {@code native/test/replay.c} on every tier of this machine.
 */
class ReplayTest {
  private static final Path FOLDER = Path.of("target", "recordings");
  private static final String SUFFIX = ".recording";

  /** As the exit codes of the program are. */
  private static final int MISSED = 1;

  @TempDir private Path folder;

  private record Result(int exitCode, String output) {}

  private static Result replay(List<Path> files) throws IOException, InterruptedException {
    Path program = Path.of(System.getProperty("panamba.tests.replay"));
    assertThat(program).as("what the build of native makes").isExecutable();
    List<String> command = new ArrayList<>(List.of(program.toString()));
    files.forEach(file -> command.add(file.toString()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Result(process.waitFor(), output);
  }

  private Result replay(byte[] recording) throws IOException, InterruptedException {
    Path file = folder.resolve("one" + SUFFIX);
    Files.write(file, recording);
    return replay(List.of(file));
  }

  private static Recording small() {
    return RecordedNetworks.record(
        RecordedNetworks.ofOwnSize("vim_nano", RecordedNetworks.Form.PLAIN, Precision.FP32));
  }

  @BeforeAll
  static void emptyFolder() throws IOException {
    Files.createDirectories(FOLDER);
    try (var files = Files.newDirectoryStream(FOLDER, "*" + SUFFIX)) {
      for (Path file : files) {
        Files.delete(file);
      }
    }
  }

  private static Path write(String name, Recording recording, Set<Integer> operations)
      throws IOException {
    recording.steps().forEach(step -> operations.add(step.operation()));
    Path file = FOLDER.resolve(name + SUFFIX);
    Files.write(file, recording.toBytes());
    return file;
  }

  @Test
  void everyNetworkGivesTheExpectedNumbers() throws Exception {
    List<Path> files = new ArrayList<>();
    Set<Integer> operations = new TreeSet<>();
    for (RecordedNetworks.Case one : RecordedNetworks.all()) {
      files.add(write(one.toString(), RecordedNetworks.record(one), operations));
    }
    files.add(write("maps", RecordedMaps.record(), operations));
    assertThat(files).doesNotHaveDuplicates();
    // Every operation of such plans is in some recording.
    assertThat(operations).containsExactlyElementsOf(StructLayouts.operations());
    Result result = replay(files);
    assertThat(result.exitCode()).as(result.output).isZero();
    for (Path file : files) {
      assertThat(result.output).contains(file.getFileName() + " portable, 1 to 3 threads: ");
    }
  }

  private static void assertMissed(Result result, String message) {
    assertThat(result.exitCode()).as(result.output).isEqualTo(MISSED);
    assertThat(result.output).contains(message);
  }

  private static <T> List<T> with(List<T> all, int index, T other) {
    List<T> changed = new ArrayList<>(all);
    changed.set(index, other);
    return changed;
  }

  @Test
  void anExpectedNumberBeyondTheBoundIsMissed() throws Exception {
    Recording right = small();
    Recording.Result logits = right.results().getFirst();
    float[] expected = logits.expected().clone();
    double largest = 0;
    for (float number : expected) {
      largest = Math.max(largest, Math.abs(number));
    }
    expected[0] += (float) (2 * right.bound() * largest);
    Recording.Result wrong =
        new Recording.Result(
            logits.name(), logits.region(), logits.offset(), logits.dtype(), expected);
    assertMissed(
        replay(
            new Recording(
                    right.bound(), right.regions(), right.steps(), with(right.results(), 0, wrong))
                .toBytes()),
        "logits are off by");
  }

  /** The sign of one element of the last layer's matrix. */
  @Test
  void oneFlippedWeightIsMissed() throws Exception {
    Recording right = small();
    int number =
        right.steps().getLast().pointers().stream()
            .map(Recording.Pointer::region)
            .filter(region -> right.regions().get(region) instanceof Recording.Matrices)
            .findFirst()
            .orElseThrow();
    Recording.Matrices matrices = (Recording.Matrices) right.regions().get(number);
    byte[] elements = matrices.matrices().getFirst().clone();
    elements[Float.BYTES - 1] ^= (byte) 0x80;
    Recording.Region wrong =
        new Recording.Matrices(
            matrices.dtype(), matrices.columns(), matrices.depth(), List.of(elements));
    assertMissed(
        replay(
            new Recording(
                    right.bound(),
                    with(right.regions(), number, wrong),
                    right.steps(),
                    right.results())
                .toBytes()),
        "logits are off by");
  }

  /** A pointer to the first byte behind its region. */
  @Test
  void aPointerOutOfItsRegionIsRefused() throws Exception {
    Recording right = small();
    Recording.Step step = right.steps().getFirst();
    Recording.Pointer pointer = step.pointers().getFirst();
    Recording.Constant image = (Recording.Constant) right.regions().get(pointer.region());
    Recording.Pointer wrong =
        new Recording.Pointer(pointer.place(), pointer.region(), image.bytes().length);
    Recording.Step other =
        new Recording.Step(
            step.operation(), step.withNext(), step.struct(), with(step.pointers(), 0, wrong));
    assertMissed(
        replay(
            new Recording(
                    right.bound(), right.regions(), with(right.steps(), 0, other), right.results())
                .toBytes()),
        "refused: a pointer leads out of its region");
  }

  static Stream<Arguments> damages() {
    return Stream.of(
        damage("it is no recording", bytes -> changed(bytes, 0)),
        damage("its structs are not those of this library", bytes -> changed(bytes, Long.BYTES)),
        damage("it has no such number of regions", bytes -> changed(bytes, 4 * Long.BYTES - 1)),
        damage("", bytes -> Arrays.copyOf(bytes, bytes.length / 16 * 8)),
        damage("the file ends too early", bytes -> Arrays.copyOf(bytes, bytes.length - Long.BYTES)),
        damage(
            "something follows its last result",
            bytes -> Arrays.copyOf(bytes, bytes.length + Long.BYTES)),
        damage("it does not consist of whole words", bytes -> Arrays.copyOf(bytes, 1)),
        damage("it can't be read", _ -> new byte[0]));
  }

  private static Arguments damage(String message, UnaryOperator<byte[]> change) {
    return Arguments.of(message, change);
  }

  private static byte[] changed(byte[] bytes, int index) {
    byte[] changed = bytes.clone();
    changed[index] ^= 1;
    return changed;
  }

  @ParameterizedTest
  @MethodSource("damages")
  void aDamagedFileIsRefused(String message, UnaryOperator<byte[]> change) throws Exception {
    assertMissed(replay(change.apply(small().toBytes())), "refused: " + message);
  }
}
