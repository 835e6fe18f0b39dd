package io.panamba.jmh;

import io.panamba.model.architecture.Settings;
import io.panamba.model.image.RgbImage;
import io.panamba.model.task.Explainer;
import io.panamba.model.task.HeatMap;
import java.util.Arrays;
import java.util.List;
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
 * A picture to the map of its most probable class, and to the effective receptive field, with
 * random weights. Each trial compares the numbers of its last run with the first's. The floor
 * printed is of an inference, to which the gradient comes: of the last layer for a class, of all
 * for a field.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2, time = 3)
@Measurement(iterations = 5, time = 3)
@Fork(value = 1, jvmArgsAppend = "-Xmx1g")
public class ExplainerBenchmark {
  /** The network. */
  @Param({"vim-tiny", "vmamba-tiny", "mambaout-tiny", "deit-tiny"})
  public String model;

  /** What is shown: class or field. */
  @Param({"class", "field"})
  public String map;

  /** Side of the images in pixels. */
  @Param({"224"})
  public int imageSize;

  /** Threads of the device. */
  @Param({"1", "2"})
  public int threads;

  private TaskSession session;
  private Explainer explainer;
  private RgbImage picture;
  private float[] expected;

  /** Plans the network, runs it once and prints the floor. */
  @Setup
  public void setUp() {
    session = new TaskSession(model, imageSize, threads);
    Settings settings = Settings.none().withImageSize(imageSize);
    explainer = Explainer.load(session.checkpoint, session.device, settings);
    picture = TaskSession.picture(imageSize);
    expected = run().values();
    float largest = 0;
    for (float value : expected) {
      largest = Math.max(largest, value);
    }
    if (!(largest > 0 && Float.isFinite(largest))) {
      throw new IllegalStateException("the largest number of the map is " + largest);
    }
    session.printFloor(explainer.config());
  }

  /** Compares maps and releases everything. */
  @TearDown
  public void tearDown() {
    boolean equal = Arrays.equals(expected, run().values());
    explainer.close();
    session.close();
    if (!equal) {
      throw new IllegalStateException("the map changed between the first and the last run");
    }
  }

  /** One picture. */
  @Benchmark
  public HeatMap run() {
    return switch (map) {
      case "class" -> explainer.predict(picture).map();
      case "field" -> explainer.receptiveField(List.of(picture));
      default -> throw new IllegalArgumentException(map);
    };
  }
}
