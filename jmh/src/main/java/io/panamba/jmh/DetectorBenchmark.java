package io.panamba.jmh;

import io.panamba.model.Network;
import io.panamba.model.detection.Detection;
import io.panamba.model.image.RgbImage;
import io.panamba.model.task.DetectionOptions;
import io.panamba.model.task.Detector;
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
 * A picture to its detections with masks, with random weights in float32. Every score counts, so
 * that there are as many detections as may be, and all of their masks are computed. Each trial
 * compares the boxes and scores of its last run with the first's. The floor printed is of a
 * thousand proposals through each box head and a hundred masks.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 1, time = 3)
@Measurement(iterations = 5, time = 3)
@Fork(value = 1, jvmArgsAppend = "-Xmx1g")
public class DetectorBenchmark {
  private static final int DETECTIONS = 100;

  /** The network. */
  @Param({"cascade-vim-tiny"})
  public String model;

  /** Side of the network's images and the picture in pixels. */
  @Param({"1024"})
  public int imageSize;

  /** Threads of the device. */
  @Param({"1", "2"})
  public int threads;

  private TaskSession session;
  private Network network;
  private Detector detector;
  private RgbImage picture;
  private List<String> expected;

  /** Plans the network, runs it once, counts the detections and prints the floor. */
  @Setup
  public void setUp() {
    session = new TaskSession(model, imageSize, threads);
    network = session.load(imageSize);
    detector =
        new Detector(network, network.labels(), 1, new DetectionOptions(0, DETECTIONS, true));
    picture = TaskSession.picture(imageSize);
    expected = rows(run());
    if (expected.size() != DETECTIONS) {
      throw new IllegalStateException("there are %s detections".formatted(expected.size()));
    }
    session.printFloor(network.config());
  }

  private static List<String> rows(List<Detection> detections) {
    return detections.stream()
        .map(each -> each.box() + " " + each.classIndex() + " " + each.score())
        .toList();
  }

  /** Compares detections and releases everything. */
  @TearDown
  public void tearDown() {
    boolean equal = expected.equals(rows(run()));
    detector.close();
    network.close();
    session.close();
    if (!equal) {
      throw new IllegalStateException("detections changed between the first and the last run");
    }
  }

  /** One picture. */
  @Benchmark
  public List<Detection> run() {
    return detector.predict(picture);
  }
}
