package io.panamba.tests.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.model.Inference;
import io.panamba.model.InferencePool;
import io.panamba.model.Network;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.Settings;
import io.panamba.runtime.Device;
import io.panamba.tests.kit.ChildJvm;
import io.panamba.tests.kit.ResidentMemory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** One network for many threads, its end, and what it leaves behind. */
class SharedModelTest {
  private static final int THREADS = 8;
  private static final int LOADS = 10_000;

  private static Path nano() {
    try {
      return Path.of(SharedModelTest.class.getResource("/golden/vim_nano.safetensors").toURI());
    } catch (java.net.URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static float[] image(long seed) {
    float[] pixels = new float[3 * 32 * 32];
    Random random = new Random(seed);
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (float) random.nextGaussian();
    }
    return pixels;
  }

  private static float[] logits(Inference inference, float[] image) {
    inference.image().copyFrom(image);
    inference.run();
    return inference.logits().toFloats();
  }

  @Test
  void eightThreadsGetTheBitsOfOne() throws Exception {
    try (Device device = Device.cpu(2);
        Network vim = Network.open(nano(), device, Settings.none());
        InferencePool pool = new InferencePool(vim, InferenceOptions.logits(1, vim.config()), 3);
        ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      pool.warmUp();
      List<float[]> expected = new ArrayList<>();
      try (Inference alone = vim.plan(InferenceOptions.logits(1, vim.config()))) {
        for (int i = 0; i < THREADS; i++) {
          expected.add(logits(alone, image(i)));
        }
      }
      List<Future<?>> futures = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        int seed = i;
        futures.add(
            threads.submit(
                () -> {
                  float[] image = image(seed);
                  for (int round = 0; round < 300; round++) {
                    assertThat(pool.<float[]>withInference(inference -> logits(inference, image)))
                        .containsExactly(expected.get(seed));
                  }
                }));
      }
      for (Future<?> future : futures) {
        future.get();
      }
    }
  }

  @Test
  void nothingRunsAfterItsEnd() {
    Device device = Device.cpu(2);
    Network vim = Network.open(nano(), device, Settings.none());
    Inference inference = vim.plan(InferenceOptions.logits(1, vim.config()));
    Inference second = vim.plan(InferenceOptions.logits(1, vim.config()));
    InferencePool pool = new InferencePool(vim, InferenceOptions.logits(1, vim.config()), 1);
    inference.run();
    inference.close();
    inference.close();
    assertThatThrownBy(inference::run).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> inference.logits().toFloats())
        .isInstanceOf(IllegalStateException.class);
    pool.close();
    assertThatThrownBy(() -> pool.withInference(Inference::options))
        .isInstanceOf(IllegalStateException.class);
    second.run();
    vim.close();
    vim.close();
    assertThatThrownBy(second::run).isInstanceOf(IllegalStateException.class);
    second.close();
    device.close();
    device.close();
  }

  @Test
  void nothingClosesWhileItRuns() throws Exception {
    try (Device device = Device.cpu(2)) {
      Network vim = Network.open(nano(), device, Settings.none());
      boolean refused = false;
      // A runner may be done before this thread has its turn, or between its two attempts.
      for (int round = 0; round < 100 && !refused; round++) {
        Inference inference = vim.plan(new InferenceOptions(1, 1024, 1024, true, false, false));
        Thread runner = Thread.ofPlatform().start(() -> runAtLast(inference));
        boolean busy = false;
        while (runner.isAlive() && !busy) {
          busy = refuses(() -> inference.run(0, 0));
        }
        refused = busy && refuses(inference::close);
        runner.join();
        inference.close();
      }
      assertThat(refused).isTrue();
      vim.close();
    }
  }

  private static boolean refuses(Runnable action) {
    try {
      action.run();
      return false;
    } catch (IllegalStateException e) {
      assertThat(e).hasMessageContaining("another thread");
      return true;
    }
  }

  /** The other thread's empty runs may be in the way. */
  private static void runAtLast(Inference inference) {
    while (true) {
      try {
        inference.run();
        return;
      } catch (IllegalStateException e) {
        assertThat(e).hasMessageContaining("another thread");
      }
    }
  }

  @Test
  void loadsAndClosesLeaveNothing() {
    // The whole heap is resident from the start, so that what grows is outside it.
    List<String> options = List.of("-Xms64m", "-Xmx64m", "-XX:+AlwaysPreTouch");
    ChildJvm.Result child = ChildJvm.run(options, Loads.class);
    assertThat(child.exitCode()).as(child.output()).isZero();
    // A load takes some 600 KB outside the heap: a leak of one in a hundred would show as 48 MB.
    assertThat(Long.parseLong(child.output())).isLessThan(40L << 20);
  }

  /** Prints by how much resident memory grows from the first fifth of the loads to the last. */
  static final class Loads {
    private Loads() {}

    public static void main(String[] args) throws IOException {
      float[] image = image(1);
      long early = 0;
      try (Device device = Device.cpu(1)) {
        for (int i = 0; i < LOADS; i++) {
          try (Network vim = Network.open(nano(), device, Settings.none());
              Inference inference = vim.plan(InferenceOptions.logits(1, vim.config()))) {
            logits(inference, image);
          }
          if (i == LOADS / 5) {
            early = resident();
          }
        }
      }
      System.out.println(resident() - early);
    }
  }

  /** Resident memory of the process, after a collection. */
  private static long resident() throws IOException {
    System.gc();
    return ResidentMemory.bytes();
  }
}
