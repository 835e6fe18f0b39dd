package io.panamba.jmh;

import io.panamba.model.Architectures;
import io.panamba.model.Architectures.Preset;
import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.Settings;
import io.panamba.model.checkpoint.SafetensorsWriter;
import io.panamba.runtime.Device;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The memory that networks need, each in a process of its own: the largest resident set (VmHWM)
 * from its start to the end of three inferences of one image on two threads, less that of the idle
 * virtual machine before anything of the contestant is loaded. Each reads its model from a file.
 * Linux only.
 */
public final class PeakMemory {
  /** Where none are named. */
  private static final List<String> CONTESTANTS =
      List.of(
          "onnx-deit-tiny-fp32",
          "deit-tiny-fp32",
          "deit-tiny-bf16",
          "vim-tiny-fp32",
          "vim-tiny-bf16");

  private static final List<Integer> SIZES = List.of(224, 512, 1248);

  /**
   * A heap for the pixels and little else, so that garbage waiting to be collected counts little.
   */
  private static final List<String> JVM_OPTIONS = List.of("-Xmx64m", "-Xmn8m", "-XX:+UseSerialGC");

  private static final int THREADS = 2;
  private static final int RUNS = 3;

  private PeakMemory() {}

  /**
   * Measures every contestant at every size and writes a file of results.
   *
   * @param args the file; and, if they are not the usual ones, contestants and sizes, each with
   *     commas between them
   * @throws Exception if a process fails
   */
  public static void main(String[] args) throws Exception {
    List<String> rows = new ArrayList<>();
    List<String> contestants = args.length > 1 ? List.of(args[1].split(",", -1)) : CONTESTANTS;
    List<Integer> sizes =
        args.length > 2 ? Stream.of(args[2].split(",", -1)).map(Integer::valueOf).toList() : SIZES;
    Map<String, Path> drawn = new HashMap<>();
    for (String contestant : contestants) {
      String preset = Contestant.of(contestant).preset();
      if (!drawn.containsKey(preset)) {
        drawn.put(preset, drawn(Architectures.preset(preset)));
      }
    }
    for (int size : sizes) {
      for (String contestant : contestants) {
        Path weights = drawn.get(Contestant.of(contestant).preset());
        String kilobytes = ChildJvm.run(JVM_OPTIONS, Child.class, contestant, size, weights);
        double megabytes = Long.parseLong(kilobytes) / 1024.0;
        System.out.printf(
            Locale.ROOT, "%-20s %5d  %8.1f MiB above idle%n", contestant, size, megabytes);
        rows.add(
            String.format(
                Locale.ROOT,
                "  {\"contestant\": \"%s\", \"imageSize\": %d, \"mebibytesAboveIdle\": %.1f}",
                contestant,
                size,
                megabytes));
      }
    }
    for (Path weights : drawn.values()) {
      Files.delete(weights);
    }
    Provenance.write(Path.of(args[0]), PeakMemory.class, args, "peakMemory", rows);
  }

  private static Path drawn(Preset<?> preset) throws IOException {
    Path weights = Files.createTempFile(preset.toString(), ".safetensors");
    try (Arena arena = Arena.ofConfined()) {
      SafetensorsWriter.write(weights, preset.draw(Settings.none(), 1, arena), Map.of());
    }
    return weights;
  }

  /** A line of this process's status, as {@code VmHWM}. */
  static long kilobytes(String name) throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith(name + ":"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
        .findFirst()
        .orElseThrow();
  }

  /** One contestant. */
  static final class Child {
    private Child() {}

    public static void main(String[] args) throws Exception {
      int size = Integer.parseInt(args[1]);
      float[] pixels = new float[3 * size * size];
      long idle = kilobytes("VmHWM");
      Contestant contestant = Contestant.of(args[0]);
      if (contestant.onnx()) {
        try (OnnxSession onnx = new OnnxSession(contestant.preset(), size, THREADS, pixels)) {
          for (int i = 0; i < RUNS; i++) {
            onnx.run();
          }
        }
      } else {
        try (Device device = Device.cpu(THREADS);
            Network network =
                Network.open(
                    Path.of(args[2]),
                    device,
                    Settings.none().withPrecision(contestant.precision()));
            Inference inference =
                network.plan(new InferenceOptions(1, size, size, true, false, false))) {
          inference.image().copyFrom(pixels);
          for (int i = 0; i < RUNS; i++) {
            inference.run();
          }
        }
      }
      System.out.println(kilobytes("VmHWM") - idle);
    }
  }
}
