package io.panamba.cli;

import io.panamba.model.Architectures;
import io.panamba.model.Architectures.Preset;
import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Settings;
import io.panamba.model.architecture.Task;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.LibraryInfo;
import io.panamba.runtime.PanambaException;
import io.panamba.runtime.Tensor;
import java.io.PrintWriter;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Measures how long a network takes. */
@Command(
    name = "bench",
    description =
        "Measures the time of an inference against the floor that the processor's measured peak of"
            + " fused multiply-adds sets for the network's arithmetic; on a GPU, by its own clock"
            + " too, without a floor.")
final class BenchCommand implements Callable<Integer>, NetworkOptions.Holder {
  private static final long SEED = 1;

  @Spec private CommandSpec spec;

  /** One of two. */
  private static final class Chosen {
    @Option(
        names = "--model",
        paramLabel = "SIZE",
        converter = PresetConverter.class,
        description =
            "tiny, small, base, mini or nano of Vim, or of another family, such as deit-tiny; with"
                + " random weights (default: tiny).")
    private Preset<?> model = Architectures.preset("tiny");

    @Option(
        names = "--weights",
        paramLabel = "FILE",
        description = "A checkpoint: .pth or .safetensors.")
    private Path weights;
  }

  @ArgGroup private Chosen chosen = new Chosen();

  @Option(
      names = "--batch",
      paramLabel = "B",
      defaultValue = "1",
      converter = Count.UpTo1024.class,
      description = "Images that are run together (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      defaultValue = "5",
      converter = Seconds.class,
      description =
          "How long to measure, after a quarter of it to warm up (default: ${DEFAULT-VALUE}).")
  private double seconds;

  @Option(
      names = "--tile",
      paramLabel = "TOKENS",
      defaultValue = "" + InferenceOptions.DEFAULT_TILE,
      description =
          "The most tokens of a sequence that are worked on at a time; 0 for whole sequences"
              + " (default: ${DEFAULT-VALUE}).")
  private int tile;

  /** What an image is written as. */
  enum Pixels {
    FLOATS,
    BYTES
  }

  @Option(
      names = "--pixels",
      paramLabel = "TYPE",
      description =
          "floats or bytes: what an image is written as (default: as for pictures, bytes on a GPU"
              + " and floats on the CPU).")
  private Pixels pixels;

  @Option(names = "--profile", description = "Tell how much time each kind of operation takes.")
  private boolean profile;

  @Option(names = "--json", description = "Write JSON.")
  private boolean json;

  @Mixin private NetworkOptions networkOptions;
  @Mixin private DeviceOptions device;

  @Override
  public NetworkOptions network() {
    return networkOptions;
  }

  @Override
  public Integer call() {
    try (Device opened = device.open();
        Network network = open(opened)) {
      if (network.config().task() == Task.DETECTION) {
        throw new PanambaException(
            "a detector's time is that of what it proposes; networks that classify or segment are"
                + " measured");
      }
      try (Inference inference = network.plan(options(network))) {
        fill(inference.image());
        inference.run();
        float[] first = result(inference).toFloats();
        List<Floor> floors = new ArrayList<>();
        Stopwatch.Measurement measured =
            new Stopwatch(inference)
                .measure(seconds, () -> floors.add(Floor.measure(opened, network.config(), batch)));
        check(first, result(inference).toFloats());
        OptionalDouble own = DeviceClock.medianMillis(inference);
        OptionalDouble compute = DeviceClock.computeMillis(inference);
        List<Profile.Row> rows = profile ? Profile.of(inference) : List.of();
        Map<String, Object> report = report(network.config(), opened, measured, floors);
        report.put("pixels", inference.options().bytes() ? "bytes" : "floats");
        report.put("device_ms", own.isPresent() ? own.getAsDouble() : null);
        report.put("compute_ms", compute.isPresent() ? compute.getAsDouble() : null);
        report.put("workspace_bytes", inference.workspaceBytes());
        print(report, rows);
      }
    }
    return 0;
  }

  private InferenceOptions options(Network network) {
    InferenceOptions options = InferenceOptions.logits(batch, network.config()).withTile(tile);
    if (pixels == null) {
      return network.forPictures(options);
    }
    return pixels == Pixels.BYTES ? options.withBytes() : options;
  }

  private Network open(Device opened) {
    Settings options = networkOptions.settings();
    return chosen.weights == null
        ? RandomNetwork.open(chosen.model, options, SEED, opened)
        : Network.open(chosen.weights, opened, options);
  }

  private static void fill(Tensor image) {
    Random random = new Random(SEED);
    if (image.dtype() == DType.U8) {
      byte[] bytes = new byte[Math.toIntExact(image.shape().elements())];
      random.nextBytes(bytes);
      image.segment().copyFrom(MemorySegment.ofArray(bytes));
      return;
    }
    float[] values = new float[Math.toIntExact(image.shape().elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    image.copyFrom(values);
  }

  private static Tensor result(Inference inference) {
    return inference.options().logits() ? inference.logits() : inference.features();
  }

  /** A benchmark of a wrong result is worth nothing. */
  private static void check(float[] first, float[] last) {
    for (int i = 0; i < first.length; i++) {
      if (!Float.isFinite(first[i])) {
        throw new PanambaException("the network gave %s as output %s".formatted(first[i], i));
      }
      if (first[i] != last[i]) {
        throw new PanambaException(
            "output %s was %s in the first run and %s in the last: runs must not differ"
                .formatted(i, first[i], last[i]));
      }
    }
  }

  private Map<String, Object> report(
      NetworkConfig config, Device opened, Stopwatch.Measurement measured, List<Floor> floors) {
    Timings timings = measured.timings();
    List<Timings> rounds = measured.rounds();
    double[] ratios =
        IntStream.range(0, rounds.size())
            .mapToDouble(i -> rounds.get(i).medianMillis() / floors.get(i).millis())
            .toArray();
    // A GPU's scan is bound by exponentials, of which this peak says nothing.
    boolean bounded = device.isCpu();
    Map<String, Object> report = new LinkedHashMap<>();
    report.put(
        "model", chosen.weights == null ? chosen.model.name().toLowerCase(Locale.ROOT) : null);
    report.put("weights", chosen.weights);
    report.put("image_size", config.image().toString());
    report.put("stride", config.describe().get("stride"));
    report.put("batch", batch);
    report.put("tile", tile);
    report.put("threads", opened.threads());
    report.put("precision", config.precision().name().toLowerCase(Locale.ROOT));
    report.put("device", device.deviceName());
    report.put("tier", opened.tier());
    report.put("library_sha256", LibraryInfo.current().sha256());
    report.putAll(Machine.toJson());
    report.put("warm_up_runs", measured.warmUps());
    report.put("runs", timings.count());
    report.put("median_ms", timings.medianMillis());
    report.put("p90_ms", timings.percentileMillis(0.9));
    report.put("p99_ms", timings.percentileMillis(0.99));
    report.put("p999_ms", timings.percentileMillis(0.999));
    report.put("images_per_second", batch * timings.count() / timings.totalSeconds());
    report.put("allocated_bytes_per_inference", measured.allocatedBytes());
    report.put("peak_gflops", median(floors, Floor::productPeak) / 1e9);
    report.put("peak_fp32_gflops", median(floors, Floor::scanPeak) / 1e9);
    report.put("multiply_adds", config.cost().multiplyAdds());
    report.put("scan_updates", config.cost().scanUpdates());
    report.put("floor_ms", bounded ? median(floors, Floor::millis) : null);
    report.put("time_over_floor", bounded ? Timings.median(ratios) : null);
    report.put("time_over_floor_rounds", bounded ? DoubleStream.of(ratios).boxed().toList() : null);
    return report;
  }

  private static double median(List<Floor> floors, ToDoubleFunction<Floor> value) {
    return Timings.median(floors.stream().mapToDouble(value).toArray());
  }

  private void print(Map<String, Object> report, List<Profile.Row> rows) {
    PrintWriter out = spec.commandLine().getOut();
    double total = rows.stream().mapToDouble(Profile.Row::millis).sum();
    if (json) {
      if (profile) {
        report.put("profile", rows.stream().map(row -> toJson(row, total)).toList());
      }
      out.println(Json.pretty(report));
      return;
    }
    out.print(Outline.of(report));
    if (profile) {
      out.println();
      for (Profile.Row row : rows) {
        out.printf(
            Locale.ROOT,
            "%8.3f ms  %5.1f %%  %4d x %-28s%s%n",
            row.millis(),
            100 * row.millis() / total,
            row.count(),
            row.name(),
            Double.isNaN(row.gigaflops())
                ? ""
                : String.format(Locale.ROOT, "%6.0f GFLOP/s", row.gigaflops()));
      }
    }
  }

  private static Map<String, Object> toJson(Profile.Row row, double total) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("operation", row.name());
    object.put("count", row.count());
    object.put("ms", row.millis());
    object.put("share", row.millis() / total);
    object.put("gflops", row.gigaflops());
    return object;
  }
}
