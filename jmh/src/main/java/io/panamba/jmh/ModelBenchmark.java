package io.panamba.jmh;

import io.panamba.model.architecture.Precision;
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

  /** Type of weights and activations. */
  @Param({"fp32", "bf16"})
  public String precision;

  private NetworkSession vim;
  private float[] expected;

  /** Plans the network and runs it once. */
  @Setup
  public void setUp() {
    vim =
        new NetworkSession(
            model,
            Precision.valueOf(precision.toUpperCase(Locale.ROOT)),
            imageSize,
            batch,
            threads);
    Random random = new Random(1);
    float[] pixels = new float[3 * imageSize * imageSize];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (float) random.nextGaussian();
    }
    vim.fill(pixels);
    expected = vim.inference().logits().toFloats();
    for (float logit : expected) {
      if (!Float.isFinite(logit)) {
        throw new IllegalStateException("a logit is " + logit);
      }
    }
  }

  /** Compares results and releases everything. */
  @TearDown
  public void tearDown() {
    boolean equal = Arrays.equals(expected, vim.inference().logits().toFloats());
    vim.close();
    if (!equal) {
      throw new IllegalStateException("the logits changed between the first and the last run");
    }
  }

  /** One run. */
  @Benchmark
  public void run() {
    vim.inference().run();
  }
}
