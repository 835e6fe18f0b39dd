package io.panamba.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.panamba.runtime.CudaException;
import io.panamba.runtime.Device;
import io.panamba.runtime.LibraryException;
import io.panamba.tests.kit.Gpu;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Commands on GPUs, and where there is none. */
@Tag("gpu")
class CudaCommandTest {
  @TempDir Path folder;

  /** What opening a GPU says here. */
  private static String complaint() {
    try (Device device = Device.cuda(0)) {
      return abort("there is " + device.description());
    } catch (LibraryException | CudaException e) {
      return e.getMessage();
    }
  }

  @Test
  void aGpuThatIsNotThereIsOneSentence() {
    String complaint = complaint();
    Path weights = Cli.golden("vim_nano.safetensors");
    Path picture = Cli.golden("images/coins.png");
    List<Object[]> commands =
        List.of(
            new Object[] {"classify", picture, "--weights", weights},
            new Object[] {"embed", picture, "--weights", weights, "--output", folder.resolve("e")},
            new Object[] {"bench", "--model", "nano"});
    for (Object[] command : commands) {
      Object[] args = new Object[command.length + 2];
      System.arraycopy(command, 0, args, 0, command.length);
      args[command.length] = "--device";
      args[command.length + 1] = "cuda";
      assertThat(Cli.run(args).error()).isEqualTo("panamba " + command[0] + ": " + complaint);
    }
  }

  @Test
  void infoSaysWhyThereIsNone() {
    String complaint = complaint();
    JsonNode cuda = Cli.run("info", "--json").ok().json().get("cuda");
    assumeTrue(cuda.has("not_usable"), "there is a GPU, though it can't be used");
    assertThat(cuda.get("not_usable").asString()).isEqualTo(complaint);
    assertThat(cuda.get("tried").size()).isPositive();
    assertThat(Cli.run("info").ok().out()).containsPattern("not usable +\\S");
    Cli.Result asked = Cli.run("info", "--device", "cuda", "--json");
    assertThat(asked.error()).isEqualTo("panamba info: " + complaint);
    assertThat(asked.json().at("/cuda/not_usable").asString()).isEqualTo(complaint);
  }

  @Test
  void infoOnAGpu() {
    Gpu.REAL.open().close();
    JsonNode report = Cli.run("info", "--device", "cuda", "--json").ok().json();
    assertThat(report.at("/devices/0").asString()).startsWith("cuda:0 (");
    assertThat(report.at("/cuda/devices/0").asString()).startsWith("cuda:0 (");
    assertThat(report.at("/cuda/runtime_version").asInt()).isBetween(13_000, 13_999);
  }

  @Test
  void benchOnAGpu() {
    Gpu.REAL.open().close();
    JsonNode report =
        Cli.run("bench", "--model", "nano", "--seconds", 0.5, "--device", "cuda", "--json")
            .ok()
            .json();
    assertThat(report.get("device").asString()).isEqualTo("cuda:0");
    assertThat(report.get("compute_ms").asDouble()).isPositive();
    assertThat(report.get("device_ms").asDouble())
        .isPositive()
        .isLessThan(report.get("p999_ms").asDouble());
    assertThat(report.get("floor_ms").isNull()).isTrue();
    assumeTrue(report.get("runs").asInt() > 100, "too few runs to count allocations");
    assertThat(report.get("allocated_bytes_per_inference").asDouble()).isLessThan(1);
  }

  @Test
  void classifyOnAGpu() {
    Gpu.REAL.open().close();
    Path weights = Cli.golden("vim_nano.safetensors");
    Path picture = Cli.golden("images/coins.png");
    String here = Cli.run("classify", picture, "--weights", weights).ok().out();
    String there =
        Cli.run("classify", picture, "--weights", weights, "--device", "cuda").ok().out();
    assertThat(there.lines().findFirst()).isEqualTo(here.lines().findFirst());
  }
}
