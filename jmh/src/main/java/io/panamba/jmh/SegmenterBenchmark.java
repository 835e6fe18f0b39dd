package io.panamba.jmh;

import io.panamba.model.Network;
import io.panamba.model.image.RgbImage;
import io.panamba.model.segmentation.LabelMap;
import io.panamba.model.task.Segmenter;
import io.panamba.model.upernet.UpernetConfig;
import java.util.Arrays;
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
 * A picture of one window to the class of each of its pixels, with random weights in float32. Each
 * trial compares the labels of its last run with the first's. The floors printed are of the
 * arithmetic that the network as it is written has, where the last convolution reads the four maps
 * side by side at the first's size, and of the third of that convolution that is left where each
 * map is multiplied at its own size.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2, time = 3)
@Measurement(iterations = 5, time = 3)
@Fork(value = 1, jvmArgsAppend = "-Xmx1g")
public class SegmenterBenchmark {
  /** The network. */
  @Param({"upernet-vim-tiny"})
  public String model;

  /** Side of the window and the picture in pixels. */
  @Param({"512"})
  public int imageSize;

  /** Threads of the device. */
  @Param({"1", "2"})
  public int threads;

  private TaskSession session;
  private Network network;
  private Segmenter segmenter;
  private RgbImage picture;
  private LabelMap expected;

  /** Plans the network, runs it once and prints the floors. */
  @Setup
  public void setUp() {
    session = new TaskSession(model, imageSize, threads);
    network = session.load(imageSize);
    segmenter = new Segmenter(network, network.labels(), 1);
    picture = TaskSession.picture(imageSize);
    expected = run();
    UpernetConfig config = (UpernetConfig) network.config();
    double multiplyAdds = config.cost().multiplyAdds();
    // Nine taps of four maps side by side.
    double direct = 36.0 * config.grid().pixels() * config.channels() * config.channels();
    double fusion = config.cost().operations().get("fusion");
    session.printFloor(multiplyAdds - fusion + direct, (double) config.cost().scanUpdates());
    session.printFloor(config);
  }

  /** Compares labels and releases everything. */
  @TearDown
  public void tearDown() {
    boolean equal = Arrays.equals(expected.labels(), run().labels());
    segmenter.close();
    network.close();
    session.close();
    if (!equal) {
      throw new IllegalStateException("labels changed between the first and the last run");
    }
  }

  /** One picture. */
  @Benchmark
  public LabelMap run() {
    return segmenter.predict(picture).labels();
  }
}
