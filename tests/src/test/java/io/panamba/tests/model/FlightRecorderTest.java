package io.panamba.tests.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.Settings;
import io.panamba.runtime.Device;
import io.panamba.runtime.LibraryInfo;
import io.panamba.tests.kit.Allocation;
import io.panamba.tests.kit.ChildJvm;
import io.panamba.tests.kit.GoldenFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What Flight Recorder is told, and what that costs. */
class FlightRecorderTest {
  private static final Path NANO = GoldenFiles.path("vim_nano.safetensors");
  private static final int RUNS = 1000;

  @TempDir Path folder;

  /** Does what an application does, and prints the number of logits. */
  static final class Main {
    private Main() {}

    /**
     * Runs once.
     *
     * @param arguments none
     */
    public static void main(String[] arguments) {
      try (Device device = Device.cpu(2);
          Network vim = Network.open(NANO, device, Settings.none());
          Inference inference = vim.plan(InferenceOptions.logits(1, vim.config()))) {
        inference.warmUp();
        inference.run();
        System.out.printf(
            "%d logits, Flight Recorder: %b%n",
            inference.logits().toFloats().length,
            ModuleLayer.boot().findModule("jdk.jfr").isPresent());
      }
    }
  }

  private List<RecordedEvent> events(Recording recording, String name) throws IOException {
    Path file = folder.resolve("recording.jfr");
    recording.dump(file);
    return RecordingFile.readAllEvents(file).stream()
        .filter(event -> event.getEventType().getName().equals(name))
        .toList();
  }

  private static void checkDevice(RecordedEvent event) {
    assertThat(event.getEventType().getCategoryNames()).containsExactly("Panamba");
    assertThat(event.getString("device")).isEqualTo("cpu");
    assertThat(event.getString("tier")).isEqualTo(LibraryInfo.current().tier());
    assertThat(event.getInt("threads")).isEqualTo(2);
    assertThat(event.getString("precision")).isEqualTo("fp32");
    assertThat(event.getStackTrace()).isNull();
    assertThat(event.getDuration()).isPositive().isLessThan(Duration.ofSeconds(10));
  }

  @Test
  void aLoadAPlanAndEveryRunAreRecorded() throws IOException {
    try (Device device = Device.cpu(2);
        Recording recording = new Recording()) {
      recording.start();
      try (Network vim = Network.open(NANO, device, Settings.none());
          Inference inference = vim.plan(new InferenceOptions(3, 40, 24, true, false, false))) {
        inference.warmUp();
        long before = System.nanoTime();
        for (int i = 0; i < 5; i++) {
          inference.run();
        }
        Duration all = Duration.ofNanos(System.nanoTime() - before);
        recording.stop();

        List<RecordedEvent> runs = events(recording, "io.panamba.Inference");
        assertThat(runs).hasSize(5);
        Duration sum = Duration.ZERO;
        for (RecordedEvent run : runs) {
          checkDevice(run);
          assertThat(run.getInt("batch")).isEqualTo(3);
          assertThat(run.getInt("height")).isEqualTo(40);
          assertThat(run.getInt("width")).isEqualTo(24);
          assertThat(run.getLong("tokens")).isEqualTo(5 * 3 + 1);
          assertThat(run.getThread().getJavaName()).isEqualTo(Thread.currentThread().getName());
          sum = sum.plus(run.getDuration());
        }
        assertThat(sum).isLessThan(all);
        assertThat(runs.get(1).getStartTime()).isAfterOrEqualTo(runs.get(0).getEndTime());

        List<RecordedEvent> plans = events(recording, "io.panamba.Plan");
        assertThat(plans).hasSize(1);
        checkDevice(plans.getFirst());
        assertThat(plans.getFirst().getInt("batch")).isEqualTo(3);
        assertThat(plans.getFirst().getLong("workspace")).isEqualTo(inference.workspaceBytes());

        List<RecordedEvent> loads = events(recording, "io.panamba.Load");
        assertThat(loads).hasSize(1);
        checkDevice(loads.getFirst());
        assertThat(loads.getFirst().getString("checkpoint")).isEqualTo(NANO.toString());
        assertThat(loads.getFirst().getInt("layers")).isEqualTo(3);
        assertThat(loads.getFirst().getInt("dim")).isEqualTo(32);
        assertThat(loads.getFirst().getLong("weights")).isPositive();
      }
    }
  }

  @Test
  void nothingIsRecordedOfARunThatFailsOrOfOneThatNobodyWatches() throws IOException {
    try (Device device = Device.cpu(2);
        Network vim = Network.open(NANO, device, Settings.none());
        Recording recording = new Recording()) {
      Inference inference = vim.plan(InferenceOptions.logits(1, vim.config()));
      inference.run();
      recording.start();
      inference.run();
      inference.close();
      try {
        inference.run();
      } catch (IllegalStateException e) {
        assertThat(e).hasMessage("the plan is closed");
      }
      recording.stop();
      assertThat(events(recording, "io.panamba.Inference")).hasSize(1);
    }
  }

  @Test
  void aRunAllocatesNothingWhetherItIsRecordedOrNot() throws IOException {
    try (Device device = Device.cpu(2);
        Network vim = Network.open(NANO, device, Settings.none());
        Inference inference = vim.plan(InferenceOptions.logits(1, vim.config()));
        Recording recording = new Recording()) {
      inference.warmUp();
      assertThat(Allocation.of(RUNS, () -> inference.logits().toFloats())).isPositive();
      assertThat(Allocation.of(RUNS, inference::run)).isZero();
      recording.enable("io.panamba.Inference");
      recording.start();
      assertThat(Allocation.of(RUNS, inference::run)).isZero();
      recording.stop();
      assertThat(events(recording, "io.panamba.Inference").size()).isGreaterThanOrEqualTo(RUNS);
      assertThat(Allocation.of(RUNS, inference::run)).isZero();
    }
  }

  /** The first event of a process costs it some hundred classes. */
  @Test
  void withoutARecordingNoEventClassIsLoaded() {
    ChildJvm.Result child = ChildJvm.run(List.of("-Xlog:class+load:stdout"), Main.class);
    assertThat(child.output()).contains("10 logits, Flight Recorder: true");
    assertThat(child.output().lines())
        .anyMatch(line -> line.contains(" " + Inference.class.getName() + " "))
        .noneMatch(line -> line.matches(".* jdk\\.jfr\\.(internal\\.|Event ).*"))
        .noneMatch(line -> line.matches(".* io\\.panamba\\.model\\.\\w+Event .*"));
  }

  /** Records after everything was made ready, and prints how many runs were seen. */
  static final class Late {
    private Late() {}

    public static void main(String[] arguments) throws IOException {
      try (Device device = Device.cpu(2);
          Network vim = Network.open(NANO, device, Settings.none());
          Inference inference = vim.plan(InferenceOptions.logits(1, vim.config()))) {
        inference.run();
        try (Recording recording = new Recording()) {
          recording.start();
          inference.run();
          inference.run();
          recording.stop();
          Path file = Path.of(arguments[0]);
          recording.dump(file);
          System.out.println(
              RecordingFile.readAllEvents(file).stream()
                  .map(event -> event.getEventType().getName())
                  .filter(name -> name.startsWith("io.panamba."))
                  .toList());
        }
        inference.run();
      }
    }
  }

  @Test
  void aRecordingThatStartsAfterTheLoadSeesTheRunsThatFollow() {
    assertThat(ChildJvm.run(List.of(), Late.class, folder.resolve("late.jfr").toString()))
        .isEqualTo(new ChildJvm.Result(0, "[io.panamba.Inference, io.panamba.Inference]"));
  }

  @Test
  void withoutTheModuleEverythingElseWorks() {
    assertThat(ChildJvm.run(List.of("--limit-modules=java.desktop"), Main.class))
        .isEqualTo(new ChildJvm.Result(0, "10 logits, Flight Recorder: false"));
    assertThat(ChildJvm.run(List.of(), Main.class))
        .isEqualTo(new ChildJvm.Result(0, "10 logits, Flight Recorder: true"));
  }
}
