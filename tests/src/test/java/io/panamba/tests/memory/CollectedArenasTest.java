package io.panamba.tests.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.model.Inference;
import io.panamba.model.InferencePool;
import io.panamba.model.Network;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.Settings;
import io.panamba.runtime.Arenas;
import io.panamba.runtime.Device;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.tests.kit.ChildJvm;
import io.panamba.tests.kit.GoldenFiles;
import io.panamba.tests.kit.ResidentMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whoever closes gets the same answers where a close frees memory and where, as in some native
 * images, the collector alone does; and both free it.
 */
class CollectedArenasTest {
  private static final int LOADS = 600;

  private static List<String> options(String collected) {
    return List.of(
        "-Dorg.graalvm.nativeimage.imagecode=runtime",
        "-Dpanamba.arenas.collected=" + collected,
        "-Xms64m",
        "-Xmx64m",
        "-XX:+AlwaysPreTouch");
  }

  @ParameterizedTest
  @ValueSource(strings = {"true", "false"})
  void aCloseIsNoticed(String collected) {
    ChildJvm.Result child = ChildJvm.run(options(collected), Closing.class, collected);
    assertThat(child.exitCode()).as(child.output()).isZero();
  }

  /** What a child does that closes everything, in every order. */
  static final class Closing {
    private Closing() {}

    public static void main(String[] arguments) {
      boolean collected = Boolean.parseBoolean(arguments[0]);
      Arena arena = Arenas.shared();
      MemorySegment memory = arena.allocate(8);
      Tensor tensor = Tensor.of(arena, Shape.of(2), 1, 2);
      assertThat(Arenas.isOpen(memory.scope())).isTrue();
      arena.close();
      arena.close();
      assertThat(Arenas.isOpen(memory.scope())).isFalse();
      assertThat(memory.scope().isAlive()).isEqualTo(collected);
      assertClosed(() -> arena.allocate(8));
      assertClosed(tensor::toFloats);
      if (collected) {
        // Who kept the segment reads memory that is still there.
        assertThat(memory.get(ValueLayout.JAVA_LONG, 0)).isZero();
      } else {
        assertClosed(() -> memory.get(ValueLayout.JAVA_LONG, 0));
      }

      Device device = Device.cpu(2);
      Network vim = network(device);
      InferenceOptions options = InferenceOptions.logits(1, vim.config());
      Inference closed = vim.plan(options);
      closed.run();
      Tensor logits = closed.logits();
      closed.close();
      closed.close();
      assertClosed(closed::run);
      assertClosed(logits::toFloats);
      Inference open = vim.plan(options);
      InferencePool pool = new InferencePool(vim, options, 1);
      pool.withInference(Inference::options);
      vim.close();
      assertClosed(open::run);
      assertClosed(() -> vim.plan(options));
      pool.close();
      assertClosed(() -> pool.withInference(Inference::options));

      try (Network other = network(device);
          Inference last = other.plan(options)) {
        last.run();
        device.close();
        device.close();
        assertClosed(last::run);
      }
    }

    private static void assertClosed(Runnable action) {
      assertThatThrownBy(action::run)
          .isInstanceOf(IllegalStateException.class)
          .message()
          .matches("(?i).*closed");
    }

    private static Network network(Device device) {
      return Network.open(GoldenFiles.path("vim_nano.safetensors"), device, Settings.none());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"true", "false"})
  void whatIsClosedAndDroppedIsFreed(String collected) {
    ChildJvm.Result child = ChildJvm.run(options(collected), Loads.class);
    assertThat(child.exitCode()).as(child.output()).isZero();
    // A load takes some 600 KB outside the heap: without an end 480 of them would take 280 MB.
    assertThat(Long.parseLong(child.output())).isLessThan(80L << 20);
  }

  /** Prints by how much resident memory grows while networks and inferences are closed. */
  static final class Loads {
    private Loads() {}

    public static void main(String[] arguments) throws Exception {
      long early = 0;
      for (int i = 0; i < LOADS; i++) {
        try (Device device = Device.cpu(2);
            Network vim = Closing.network(device);
            Inference inference = vim.plan(InferenceOptions.logits(1, vim.config()))) {
          inference.run();
        }
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
}
