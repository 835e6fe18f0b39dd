package io.panamba.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.panamba.cli.Main;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.CheckpointException;
import io.panamba.tests.kit.ChildJvm;
import io.panamba.tests.training.Digits;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Commands that are ended by a signal at any moment: the output is what it was or complete, and
 * nothing is left that a next run does not remove.
 */
class SignalTest {
  private static final int FEW = 6;
  private static final int MANY = 150;

  private enum Signal {
    INT(2),
    TERM(15),
    KILL(9);

    private final int number;

    Signal(int number) {
      this.number = number;
    }

    static Signal of(int kill) {
      return values()[kill % values().length];
    }

    void send(Process process) throws IOException, InterruptedException {
      new ProcessBuilder("kill", "-" + name(), Long.toString(process.pid())).start().waitFor();
    }

    int exitCode() {
      return 128 + number;
    }
  }

  @TempDir private Path folder;
  private final SplittableRandom random = new SplittableRandom(1);
  private Path output;

  /** Parts that were there before a run. */
  private List<String> ofKilled = List.of();

  @BeforeEach
  void requireSignals() throws IOException {
    assumeTrue(File.separatorChar == '/', "signals are Unix's");
    output = folder.resolve("o.safetensors");
    Path status = Path.of("/proc/self/status");
    if (Files.exists(status)) {
      // What a shell starts in the background ignores SIGINT, and so do its children.
      String ignored =
          Files.readAllLines(status).stream()
              .filter(line -> line.startsWith("SigIgn:"))
              .findFirst()
              .orElseThrow();
      long mask = Long.parseUnsignedLong(ignored.substring(ignored.indexOf('\t') + 1), 16);
      assumeTrue((mask >> (Signal.INT.number - 1) & 1) == 0, "SIGINT is ignored here");
    }
  }

  private List<String> parts() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".part") || name.endsWith(".lock"))
          .toList();
    }
  }

  private static String[] words(Object... words) {
    return Arrays.stream(words).map(Object::toString).toArray(String[]::new);
  }

  private static void await(Process process, BooleanSupplier condition)
      throws InterruptedException {
    while (process.isAlive() && !condition.getAsBoolean()) {
      TimeUnit.MILLISECONDS.sleep(1);
    }
  }

  /**
   * Ends a command again and again.
   *
   * @param moment waits until a signal is due
   */
  private void endAtAnyMoment(String[] command, int kills, Moment moment) throws Exception {
    assertThat(ChildJvm.run(List.of(), Main.class, command).exitCode()).isZero();
    byte[] complete = Files.readAllBytes(output);
    byte[] old = {1, 2, 3};
    int ended = 0;
    for (int kill = 0; kill < kills; kill++) {
      Files.write(output, old);
      Signal signal = Signal.of(kill);
      Process process = ChildJvm.start(List.of(), Main.class, command);
      moment.await(process);
      signal.send(process);
      int code = process.waitFor();
      byte[] found = Files.readAllBytes(output);
      if (code == 0) {
        assertThat(found).isEqualTo(complete);
      } else {
        ended++;
        assertThat(code).isEqualTo(signal.exitCode());
        assertThat(Arrays.equals(found, old) || Arrays.equals(found, complete))
            .as("%s, kill %d: %d bytes", signal, kill, found.length)
            .isTrue();
      }
      if (signal != Signal.KILL) {
        assertThat(parts()).as("%s, kill %d", signal, kill).allMatch(ofKilled::contains);
      }
      ofKilled = parts();
    }
    assertThat(ended).isPositive();
    assertThat(ChildJvm.run(List.of(), Main.class, command).exitCode()).isZero();
    assertThat(parts()).isEmpty();
  }

  @FunctionalInterface
  private interface Moment {
    void await(Process process) throws InterruptedException, IOException;
  }

  private void embed(int kills) throws Exception {
    List<Object> command = new ArrayList<>(List.of("embed"));
    command.addAll(List.of(Cli.golden("images/coins.png"), Cli.golden("images/horse.png")));
    command.addAll(List.of("--weights", Cli.golden("vim_nano.pth"), "--output", output));
    String[] words = words(command.toArray());
    long start = System.nanoTime();
    ChildJvm.run(List.of(), Main.class, words);
    int millis = (int) TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    endAtAnyMoment(words, kills, _ -> TimeUnit.MILLISECONDS.sleep(random.nextInt(millis)));
  }

  /** While it writes. */
  private void init(int kills) throws Exception {
    endAtAnyMoment(
        words("init", "--model", "tiny", "--output", output),
        kills,
        process -> {
          List<String> before = parts();
          await(
              process,
              () -> {
                String[] names = folder.toFile().list();
                return Arrays.stream(names)
                    .anyMatch(name -> name.endsWith(".part") && !before.contains(name));
              });
          TimeUnit.MILLISECONDS.sleep(random.nextInt(30));
        });
  }

  /** Ended at any moment, a run goes on from its last state to the bits of the whole. */
  private void train(int kills) throws Exception {
    Path data = Digits.some(folder.resolve("digits.safetensors"), 60);
    Path whole = folder.resolve("whole.safetensors");
    assertThat(Cli.run((Object[]) training(data, whole, kills)).code()).isZero();
    Path state = folder.resolve("o.state.safetensors");
    long step = 0;
    for (int kill = 0; kill < kills && Files.notExists(output); kill++) {
      Process process = ChildJvm.start(List.of(), Main.class, training(data, output, kills));
      long last = step;
      await(process, () -> step(state) > last);
      TimeUnit.MILLISECONDS.sleep(random.nextInt(60));
      Signal signal = Signal.of(kill);
      signal.send(process);
      assertThat(process.waitFor()).isIn(0, signal.exitCode());
      if (Files.notExists(output)) {
        step = step(state);
        assertThat(step).as("%s, kill %d", signal, kill).isGreaterThan(last);
      }
    }
    if (Files.notExists(output)) {
      assertThat(Cli.run((Object[]) training(data, output, kills)).code()).isZero();
    }
    assertThat(output).hasSameBinaryContentAs(whole);
    assertThat(parts()).isEmpty();
  }

  private static String[] training(Path data, Path to, int kills) {
    return words(
        "train",
        "--data",
        data,
        "--output",
        to,
        "--model",
        "nano",
        "--epochs",
        kills + 2,
        "--augment",
        "drawing",
        "--batch-size",
        8,
        "--save-seconds",
        0,
        "--threads",
        2,
        "--resume",
        "--no-progress");
  }

  /** The step of a state, or -1 if there is none: not yet, not any more, or just being replaced. */
  private static long step(Path state) {
    try (Checkpoint checkpoint = Checkpoint.open(state)) {
      return Long.parseLong(checkpoint.metadata().get("step"));
    } catch (CheckpointException e) {
      assertThat(e.getMessage())
          .containsAnyOf("there is no such file", "changed while it was read");
      return -1;
    }
  }

  @Test
  void endEmbed() throws Exception {
    embed(FEW);
  }

  @Test
  void endWriting() throws Exception {
    init(FEW);
  }

  @Test
  void endTraining() throws Exception {
    train(FEW);
  }

  @Test
  @Tag("slow")
  void endEmbedOften() throws Exception {
    embed(MANY);
  }

  @Test
  @Tag("slow")
  void endWritingOften() throws Exception {
    init(MANY);
  }

  @Test
  @Tag("slow")
  void endTrainingOften() throws Exception {
    train(MANY);
  }
}
