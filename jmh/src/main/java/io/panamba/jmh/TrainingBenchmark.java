package io.panamba.jmh;

import io.panamba.model.Architectures;
import io.panamba.model.Architectures.Preset;
import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Settings;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.training.Trainer;
import io.panamba.model.training.TrainingOptions;
import io.panamba.runtime.Device;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/**
 * A training step of Vim-Ti, or of another network, at 224 pixels, batch 8, beside the inference of
 * the same batch (logits and all tokens, float32, as many threads), and the memory that it takes.
 * The two take turns in one process, so that what else the machine does meets both, and there are
 * several processes. Each checks that both compute the same logits from the same weights, and that
 * training lowers the loss. The peak is the largest resident set of a process that only trains,
 * less that of the idle virtual machine; it is read on Linux only.
 */
public final class TrainingBenchmark {
  private static final int BATCH = 8;
  private static final int IMAGE_SIZE = 224;
  private static final List<Integer> THREADS = List.of(1, 2);
  private static final int WARM_UP = 2;
  private static final float LEARNING_RATE = 1e-4f;

  private static final List<String> TIMING = List.of("-Xmx1g");
  private static final List<String> MEMORY = List.of("-Xmx64m", "-Xmn8m", "-XX:+UseSerialGC");

  private TrainingBenchmark() {}

  /**
   * Measures and writes a file of results.
   *
   * @param args processes for each number of threads, turns in each, the file, and a network such
   *     as {@code mambaout-femto} if it is not Vim-Ti
   * @throws Exception if a process fails
   */
  public static void main(String[] args) throws Exception {
    String preset = args.length > 3 ? args[3] : "vim-tiny";
    List<String> rows = new ArrayList<>();
    for (int fork = 0; fork < Integer.parseInt(args[0]); fork++) {
      for (int threads : THREADS) {
        String row = "  {" + ChildJvm.run(TIMING, Timing.class, threads, args[1], preset) + "}";
        System.out.println(row);
        rows.add(row);
      }
    }
    String memory = ChildJvm.run(MEMORY, Memory.class, preset);
    System.out.println(memory);
    Files.writeString(
        Path.of(args[2]),
        "{\n\"provenance\": {\n%s\n},\n\"training\": [\n%s\n],\n\"memory\": {%s}}\n"
            .formatted(
                Provenance.of(
                    "-cp jmh/target/benchmarks.jar io.panamba.jmh.TrainingBenchmark "
                        + String.join(" ", args)),
                String.join(",\n", rows),
                memory));
  }

  private static <C extends NetworkConfig> Trainer trainer(
      Preset<C> preset, Map<String, Tensor> weights, Device device) {
    Trainer trainer =
        new Trainer(
            preset.family(),
            preset.config(Settings.none()),
            weights,
            TrainingOptions.defaults().withBatch(BATCH),
            device);
    trainer.images().copyFrom(pixels());
    for (int image = 0; image < BATCH; image++) {
      trainer.labels().segment().setAtIndex(ValueLayout.JAVA_INT, image, image);
    }
    return trainer;
  }

  private static float[] pixels() {
    Random random = new Random(1);
    float[] pixels = new float[BATCH * 3 * IMAGE_SIZE * IMAGE_SIZE];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (float) random.nextGaussian();
    }
    return pixels;
  }

  /** Inference and training in turn. */
  static final class Timing {
    private Timing() {}

    public static void main(String[] args) {
      int threads = Integer.parseInt(args[0]);
      int turns = Integer.parseInt(args[1]);
      InferenceOptions options =
          new InferenceOptions(BATCH, IMAGE_SIZE, IMAGE_SIZE, true, true, false);
      try (Arena arena = Arena.ofShared();
          Device device = Device.cpu(threads)) {
        Preset<?> preset = Architectures.preset(args[2]);
        Map<String, Tensor> weights = preset.draw(Settings.none(), 1, arena);
        try (Checkpoint checkpoint = Checkpoint.of(weights);
            Network network = Network.load(checkpoint, device, Settings.none());
            Inference inference = network.plan(options);
            Trainer trainer = trainer(preset, weights, device)) {
          inference.image().copyFrom(pixels());
          inference.run();
          double first = trainer.step(LEARNING_RATE);
          compare(inference.logits().toFloats(), trainer.logits().toFloats());
          double[] forward = new double[turns];
          double[] step = new double[turns];
          double[] ratio = new double[turns];
          double loss = 0;
          for (int i = -WARM_UP; i < turns; i++) {
            long start = System.nanoTime();
            inference.run();
            long middle = System.nanoTime();
            loss = trainer.step(LEARNING_RATE);
            long end = System.nanoTime();
            if (i >= 0) {
              forward[i] = (middle - start) * 1e-6;
              step[i] = (end - middle) * 1e-6;
              ratio[i] = step[i] / forward[i];
            }
          }
          if (!(loss < first)) {
            throw new IllegalStateException("the loss went from %s to %s".formatted(first, loss));
          }
          System.out.printf(
              Locale.ROOT,
              "\"threads\": %d, \"forward_ms\": %.1f, \"step_ms\": %.1f, \"ratio\": %.3f,"
                  + " \"ratio_of_turns_p25\": %.3f, \"ratio_of_turns_p75\": %.3f,"
                  + " \"images_per_second\": %.2f",
              threads,
              quantile(forward, 0.5),
              quantile(step, 0.5),
              quantile(step, 0.5) / quantile(forward, 0.5),
              quantile(ratio, 0.25),
              quantile(ratio, 0.75),
              BATCH / quantile(step, 0.5) * 1e3);
        }
      }
    }

    private static void compare(float[] expected, float[] actual) {
      double difference = 0;
      double norm = 0;
      for (int i = 0; i < expected.length; i++) {
        difference += Math.pow((double) expected[i] - actual[i], 2);
        norm += Math.pow(expected[i], 2);
      }
      if (!(difference <= 1e-10 * norm)) {
        throw new IllegalStateException("the logits of training differ from those of inference");
      }
    }

    private static double quantile(double[] values, double part) {
      double[] sorted = values.clone();
      Arrays.sort(sorted);
      return sorted[(int) (part * (sorted.length - 1))];
    }
  }

  /** Training alone. */
  static final class Memory {
    private Memory() {}

    public static void main(String[] args) throws Exception {
      long idle = PeakMemory.kilobytes("VmHWM");
      try (Device device = Device.cpu(THREADS.getLast());
          Trainer trainer = trainer(Architectures.preset(args[0]), device)) {
        for (int i = 0; i < 2; i++) {
          trainer.step(LEARNING_RATE);
        }
        System.out.printf(
            Locale.ROOT,
            "\"saved_bytes_per_image\": %d, \"bytes\": %d, \"bytes_of_all_scan_states\": %d,"
                + " \"peak_mebibytes_above_idle\": %.1f",
            trainer.savedBytesPerImage(),
            trainer.bytes(),
            trainer.config().cost().scanUpdates() * Float.BYTES * BATCH,
            (PeakMemory.kilobytes("VmHWM") - idle) / 1024.0);
      }
    }

    private static Trainer trainer(Preset<?> preset, Device device) {
      try (Arena arena = Arena.ofShared()) {
        return TrainingBenchmark.trainer(preset, preset.draw(Settings.none(), 1, arena), device);
      }
    }
  }
}
