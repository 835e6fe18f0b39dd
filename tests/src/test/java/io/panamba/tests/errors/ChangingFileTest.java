package io.panamba.tests.errors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.model.Network;
import io.panamba.model.architecture.Settings;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.CheckpointException;
import io.panamba.runtime.Device;
import io.panamba.tests.kit.GoldenFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.locks.LockSupport;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Networks of files that something else writes to while they are loaded, and interrupted loads. */
class ChangingFileTest {
  private static final int ROUNDS = 60;

  private final Device device = Device.cpu(1);

  @TempDir private Path folder;

  @AfterEach
  void close() {
    device.close();
  }

  private Path copy(String ending) throws IOException {
    return Files.copy(
        GoldenFiles.path("vim_nano" + ending),
        folder.resolve("network" + ending),
        StandardCopyOption.REPLACE_EXISTING);
  }

  /** Cuts a file: in its header, in the middle, and before its last byte. */
  private static void cut(Path file, double part) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate((long) (channel.size() * part));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Network load(Checkpoint checkpoint) {
    return Network.load(checkpoint, device, Settings.none());
  }

  private static void refused(ThrowingCallable loading, String words) {
    assertThatThrownBy(loading).isInstanceOf(CheckpointException.class).hasMessageContaining(words);
  }

  @ParameterizedTest
  @ValueSource(strings = {".safetensors", ".pth"})
  void aFileThatShrinksBeforeItIsLoaded(String ending) throws IOException {
    for (double part : new double[] {0, 0.001, 0.5, 0.9999}) {
      Path file = copy(ending);
      try (Checkpoint checkpoint = Checkpoint.open(file)) {
        cut(file, part);
        refused(() -> load(checkpoint).close(), "changed while it was read");
      }
    }
  }

  /** At moments spread over the time that opening takes. */
  @ParameterizedTest
  @ValueSource(strings = {".safetensors", ".pth"})
  void aFileThatShrinksWhileItIsOpened(String ending) throws Exception {
    Path first = copy(ending);
    long start = System.nanoTime();
    Network.open(first, device, Settings.none()).close();
    long nanos = System.nanoTime() - start;
    int refused = 0;
    for (int round = 0; round < ROUNDS; round++) {
      Path file = copy(ending);
      long wait = nanos * round / ROUNDS;
      Thread cutting =
          Thread.ofPlatform()
              .start(
                  () -> {
                    LockSupport.parkNanos(wait);
                    cut(file, 0.5);
                  });
      try {
        Network.open(file, device, Settings.none()).close();
      } catch (CheckpointException _) {
        refused++;
      }
      cutting.join();
    }
    assertThat(refused).isPositive();
  }

  @Test
  void interruptedLoads() throws IOException {
    Path file = copy(".safetensors");
    interrupted(() -> Network.open(file, device, Settings.none()).close());
    try (Checkpoint checkpoint = Checkpoint.open(file)) {
      interrupted(() -> load(checkpoint).close());
      refused(() -> load(checkpoint).close(), "open the checkpoint again");
    }
    try (Checkpoint checkpoint = Checkpoint.open(file);
        Network vim = load(checkpoint)) {
      assertThat(vim.config().width()).isEqualTo(32);
    }
  }

  private static void interrupted(ThrowingCallable loading) {
    Thread.currentThread().interrupt();
    refused(loading, "interrupted");
    assertThat(Thread.interrupted()).isTrue();
  }
}
