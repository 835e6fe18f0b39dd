package io.panamba.jmh;

import io.panamba.model.Inference;
import io.panamba.model.InferenceOptions;
import io.panamba.model.Vim;
import io.panamba.model.VimInitializer;
import io.panamba.model.VimOptions;
import io.panamba.model.VimPreset;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.Device;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A whole network with random weights, from normalised pixels to logits. Each trial ends by
 * comparing the bits of its last run with the first's.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 2, jvmArgsAppend = "-Xmx1g")
public class ModelBenchmark {
  /** The network. */
  @Param({"tiny"})
  public String model;

  /** Side of the images in pixels. */
  @Param({"224"})
  public int imageSize;

  /** Images per run. */
  @Param({"1"})
  public int batch;

  /** Threads of the device. */
  @Param({"1", "2"})
  public int threads;

  private Device device;
  private Vim vim;
  private Inference inference;
  private float[] expected;

  /** Plans the network and runs it once. */
  @Setup
  public void setUp() {
    device = Device.cpu(threads);
    try (Arena arena = Arena.ofShared();
        Checkpoint checkpoint =
            Checkpoint.of(
                VimInitializer.initialize(
                    VimPreset.valueOf(model.toUpperCase(Locale.ROOT)),
                    VimOptions.defaults(),
                    1,
                    arena))) {
      vim = Vim.load(checkpoint, device, VimOptions.defaults());
    }
    inference = vim.plan(new InferenceOptions(batch, imageSize, imageSize, true, false, false));
    Random random = new Random(1);
    float[] pixels = new float[(int) inference.image().shape().elements()];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (float) random.nextGaussian();
    }
    inference.image().copyFrom(pixels);
    inference.run();
    expected = inference.logits().toFloats();
    for (float logit : expected) {
      if (!Float.isFinite(logit)) {
        throw new IllegalStateException("a logit is " + logit);
      }
    }
  }

  /** Compares results and releases everything. */
  @TearDown
  public void tearDown() {
    boolean equal = Arrays.equals(expected, inference.logits().toFloats());
    inference.close();
    vim.close();
    device.close();
    if (!equal) {
      throw new IllegalStateException("the logits changed between the first and the last run");
    }
  }

  /** One run. */
  @Benchmark
  public void run() {
    inference.run();
  }
}
