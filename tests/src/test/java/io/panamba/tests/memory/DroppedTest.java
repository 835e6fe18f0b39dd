package io.panamba.tests.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.StreamedInference;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.Settings;
import io.panamba.model.architecture.StreamOptions;
import io.panamba.runtime.Arenas;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Norm;
import io.panamba.tests.kit.ChildJvm;
import io.panamba.tests.kit.GoldenFiles;
import io.panamba.tests.kit.ResidentMemory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What nobody closes and nobody can reach any more goes; what can be reached stays. */
class DroppedTest {
  private static final Path NANO = GoldenFiles.path("vim_nano.safetensors");
  private static final int TEAM = 200;
  private static final int LOADS = 1000;

  @TempDir private Path folder;

  private static long tasks() throws IOException {
    try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
      return tasks.count();
    }
  }

  private interface Condition {
    boolean holds() throws IOException;
  }

  /** Collects garbage until something is so, or for half a minute. */
  private static boolean comesTrue(Condition condition) throws Exception {
    long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (!condition.holds()) {
      if (System.nanoTime() > end) {
        return false;
      }
      System.gc();
      Thread.sleep(20);
    }
    return true;
  }

  private static Plan planOnADeviceOfItsOwn(Arena arena) {
    Tensor ones = Tensor.of(arena, Shape.of(2, 2), 1, 1, 1, 1);
    Tensor weight = Tensor.of(arena, Shape.of(2), 1, 1);
    Tensor out = Tensor.allocate(arena, DType.F32, Shape.of(2, 2));
    return Device.cpu(TEAM).plan(List.of(Norm.of(Norm.Kind.RMS, ones, weight, null, 0, out)));
  }

  @Test
  void aDevicesThreads() throws Exception {
    long before = tasks();
    Device device = Device.cpu(TEAM);
    assertThat(device.threads()).isEqualTo(TEAM);
    assertThat(tasks()).isGreaterThan(before + TEAM / 2);
    device = null;
    assertThat(comesTrue(() -> tasks() < before + TEAM / 2)).isTrue();
  }

  @Test
  void aPlanKeepsItsDeviceAndItsMemory() throws Exception {
    long before = tasks();
    Plan plan = planOnADeviceOfItsOwn(Arenas.shared());
    for (int i = 0; i < 20; i++) {
      System.gc();
      Thread.sleep(5);
      plan.run();
    }
    assertThat(tasks()).isGreaterThan(before + TEAM / 2);
    plan = null;
    assertThat(comesTrue(() -> tasks() < before + TEAM / 2)).isTrue();
  }

  @Test
  void aTensorKeepsItsMemory() throws Exception {
    Tensor tensor = Tensor.of(Arenas.shared(), Shape.of(3), 1, 2, 3).slice(1, 2);
    for (int i = 0; i < 20; i++) {
      System.gc();
      Thread.sleep(5);
    }
    assertThat(tensor.toFloats()).containsExactly(2, 3);
  }

  @Test
  void aTemporaryFile() throws Exception {
    try (Device device = Device.cpu(1);
        Network vim = Network.open(NANO, device, Settings.none())) {
      StreamedInference streamed =
          vim.stream(StreamOptions.of(64, 64, vim.config()).withFolder(folder));
      assertThat(streamed.tokens()).isPositive();
      assertThat(isMapped()).isTrue();
      streamed = null;
      assertThat(comesTrue(() -> !isMapped())).isTrue();
    }
  }

  private boolean isMapped() throws IOException {
    return Files.readString(Path.of("/proc/self/maps")).contains(folder.toString());
  }

  /** Prints by how much resident memory grows while networks and inferences are dropped. */
  static final class Loads {
    private Loads() {}

    public static void main(String[] arguments) throws Exception {
      long early = 0;
      Device device = Device.cpu(1);
      for (int i = 0; i < LOADS; i++) {
        Network vim = Network.open(NANO, device, Settings.none());
        Inference inference = vim.plan(InferenceOptions.logits(1, vim.config()));
        inference.run();
        if (i % 20 == 0) {
          System.gc();
          Thread.sleep(5);
        }
        if (i == LOADS / 5) {
          early = ResidentMemory.bytes();
        }
      }
      System.out.println(ResidentMemory.bytes() - early);
    }
  }

  @Test
  void networksAndInferences() {
    List<String> options = List.of("-Xms64m", "-Xmx64m", "-XX:+AlwaysPreTouch");
    ChildJvm.Result child = ChildJvm.run(options, Loads.class);
    assertThat(child.exitCode()).as(child.output()).isZero();
    // A load takes some 600 KB outside the heap: without an end 800 of them would take 480 MB.
    assertThat(Long.parseLong(child.output())).isLessThan(80L << 20);
  }
}
