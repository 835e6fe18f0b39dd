package io.panamba.jmh;

import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.util.Arrays;
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
 * Networks beside others of their size in ONNX Runtime: from normalised pixels to logits, all with
 * random weights, each with as many threads. ONNX Runtime's graphs take one image; its batch is so
 * many runs. Each trial ends by comparing the results of its last run with the first's.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2, time = 3)
@Measurement(iterations = 5, time = 3)
@Fork(value = 1, jvmArgsAppend = "-Xmx1g")
public class PeerBenchmark {
  /** Who runs. */
  @Param({
    "onnx-deit-tiny-fp32",
    "deit-tiny-fp32",
    "deit-tiny-bf16",
    "vim-tiny-fp32",
    "vim-tiny-bf16"
  })
  public String contestant;

  /** Side of the images in pixels. */
  @Param({"224", "512", "1248"})
  public int imageSize;

  /** Images per run. */
  @Param({"1"})
  public int batch;

  /** Threads of a run. */
  @Param({"1", "2"})
  public int threads;

  private OnnxSession onnx;
  private NetworkSession ours;
  private float[] expected;

  /** Opens the contestant and runs it once. */
  @Setup
  public void setUp() throws OrtException, IOException {
    Random random = new Random(1);
    float[] pixels = new float[3 * imageSize * imageSize];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (float) random.nextGaussian();
    }
    Contestant chosen = Contestant.of(contestant);
    if (chosen.onnx()) {
      onnx = new OnnxSession(chosen.preset(), imageSize, threads, pixels);
    } else {
      ours = new NetworkSession(chosen.preset(), chosen.precision(), imageSize, batch, threads);
      ours.fill(pixels);
    }
    run();
    expected = logits();
    for (float logit : expected) {
      if (!Float.isFinite(logit)) {
        throw new IllegalStateException("a logit is " + logit);
      }
    }
  }

  private float[] logits() {
    return onnx == null ? ours.inference().logits().toFloats() : onnx.logits();
  }

  /** Compares results and releases everything. */
  @TearDown
  public void tearDown() throws OrtException {
    boolean equal = Arrays.equals(expected, logits());
    if (onnx != null) {
      onnx.close();
    } else {
      ours.close();
    }
    if (!equal) {
      throw new IllegalStateException("the logits changed between the first and the last run");
    }
  }

  /** One batch. */
  @Benchmark
  public void run() throws OrtException {
    if (onnx == null) {
      ours.inference().run();
      return;
    }
    for (int image = 0; image < batch; image++) {
      onnx.run();
    }
  }
}
