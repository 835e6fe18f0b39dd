package io.panamba.tests.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.model.Network;
import io.panamba.model.StreamedInference;
import io.panamba.model.architecture.Settings;
import io.panamba.model.architecture.StreamOptions;
import io.panamba.model.block.Pooling;
import io.panamba.model.image.ImageException;
import io.panamba.model.memory.InferenceInterruptedException;
import io.panamba.model.memory.WorkspaceException;
import io.panamba.model.vim.Vim;
import io.panamba.runtime.Device;
import io.panamba.tests.kit.ArrayImage;
import io.panamba.tests.kit.GoldenFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A long inference that ends early, is refused, or outlives its use. */
class StreamLifetimeTest {
  private static final int SIDE = 64;
  private static final int HUGE = 999_999;

  @TempDir Path folder;
  private Device device;
  private Network vim;

  @BeforeEach
  void open() {
    device = Device.cpu(1);
    vim = open("vim_nano", Settings.none());
  }

  @AfterEach
  void close() {
    vim.close();
    device.close();
  }

  private Network open(String name, Settings options) {
    return Network.open(GoldenFiles.path(name + ".safetensors"), device, options);
  }

  private StreamOptions options(int height, int width) {
    return StreamOptions.of(height, width, vim.config()).withTile(16);
  }

  private StreamOptions inFile() {
    return options(SIDE, SIDE).withFolder(folder);
  }

  private static ArrayImage image() {
    return new ArrayImage(new float[3 * SIDE * SIDE], 3, SIDE, SIDE);
  }

  private void assertNothingLeft() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).isEmpty();
    }
    String maps = Files.readString(Path.of("/proc/self/maps"));
    assertThat(maps).doesNotContain(folder.toString());
  }

  /** A process that is killed leaves what has a name. */
  @Test
  void theFileHasNoNameWhileItIsUsed() throws IOException {
    try (StreamedInference streamed = vim.stream(inFile())) {
      assertThat(Files.readString(Path.of("/proc/self/maps"))).contains(folder.toString());
      try (Stream<Path> files = Files.list(folder)) {
        assertThat(files).isEmpty();
      }
      assertThat(streamed.tokens()).isEqualTo(8 * 8 + 1);
    }
    assertNothingLeft();
  }

  @Test
  void anInterruptedThreadStaysInterrupted() throws IOException {
    try (StreamedInference streamed = vim.stream(inFile())) {
      assertThatThrownBy(
              () ->
                  streamed.run(
                      image(),
                      (done, _) -> {
                        if (done > 100) {
                          Thread.currentThread().interrupt();
                        }
                      }))
          .isInstanceOf(InferenceInterruptedException.class)
          .hasMessageMatching("the inference was interrupted after \\d+ of \\d+ tokens");
      assertThat(Thread.interrupted()).isTrue();
      // It can be run again.
      streamed.run(image(), (_, _) -> {});
      assertThat(streamed.features().toFloats()).doesNotContain(Float.NaN);
    }
    assertNothingLeft();
  }

  @Test
  void aThreadThatWasInterruptedBefore() throws IOException {
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> vim.stream(inFile()))
        .isInstanceOf(InferenceInterruptedException.class);
    assertThat(Thread.interrupted()).isTrue();
    assertNothingLeft();
  }

  @Test
  void closedByItsOwnProgress() throws IOException {
    StreamedInference streamed = vim.stream(inFile());
    assertThatThrownBy(() -> streamed.run(image(), (_, _) -> streamed.close()))
        .isInstanceOf(InferenceInterruptedException.class)
        .hasMessageMatching("the inference was closed after \\d+ of \\d+ tokens");
    assertNothingLeft();
    assertThatThrownBy(() -> streamed.run(image(), (_, _) -> {}))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the inference is closed");
    streamed.close();
  }

  @Test
  void closedByAnotherThread() throws Exception {
    StreamedInference streamed = vim.stream(inFile());
    CountDownLatch started = new CountDownLatch(1);
    CompletableFuture<Void> run =
        CompletableFuture.runAsync(
            () -> {
              while (true) {
                streamed.run(image(), (_, _) -> started.countDown());
              }
            });
    started.await();
    assertThatThrownBy(
            () -> {
              while (true) {
                streamed.run(image(), (_, _) -> {});
              }
            })
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the inference is being run by another thread");
    streamed.close();
    assertNothingLeft();
    // Closed between two runs, the second is refused.
    assertThatThrownBy(run::join)
        .isInstanceOf(CompletionException.class)
        .cause()
        .isInstanceOfAny(InferenceInterruptedException.class, IllegalStateException.class);
  }

  @Test
  void aDiskThatIsTooSmall() throws IOException {
    assertThatThrownBy(() -> vim.stream(options(HUGE, HUGE).withFolder(folder)))
        .isInstanceOf(WorkspaceException.class)
        .hasMessageMatching(
            "a temporary file of [\\d.]+ GB does not fit .*, which has [\\d.]+ GB left; name"
                + " another folder");
    assertNothingLeft();
  }

  @Test
  void aMemoryThatIsTooSmall() {
    assertThatThrownBy(() -> vim.stream(options(HUGE, HUGE)))
        .isInstanceOf(WorkspaceException.class)
        .hasMessageMatching(
            "[\\d.]+ GB of memory are needed, and this machine has [\\d.]+ GB; name a folder for a"
                + " temporary file");
  }

  @Test
  void aFolderThatIsNotThere() {
    Path none = folder.resolve("none");
    assertThatThrownBy(() -> vim.stream(options(SIDE, SIDE).withFolder(none)))
        .isInstanceOf(WorkspaceException.class)
        .hasMessage("there is no folder " + none + " for a temporary file");
  }

  @Test
  void imagesOfAnotherSize() {
    try (StreamedInference streamed = vim.stream(options(SIDE, 2 * SIDE))) {
      assertThatThrownBy(() -> streamed.run(image(), (_, _) -> {}))
          .isInstanceOf(ImageException.class)
          .hasMessage("the inference was planned for an image of 64 x 128, not 64 x 64");
    }
  }

  @Test
  void imagesSmallerThanAPatch() {
    assertThatThrownBy(() -> vim.stream(options(SIDE, 7)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("images of 64 x 7 are smaller than a patch of 8");
  }

  @Test
  void networksThatCannotBeStreamed() {
    try (Network rope = open("vim_nano_rope", Settings.none());
        Network every =
            open("vim_nano_nocls_mean", Settings.none().with(Vim.POOLING, Pooling.ALL))) {
      assertThatThrownBy(() -> rope.stream(options(SIDE, SIDE)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("need whole sequences");
      assertThatThrownBy(() -> every.stream(options(SIDE, SIDE)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("features are those of every token");
    }
  }
}
