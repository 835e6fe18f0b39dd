package io.panamba.jmh;

import io.panamba.runtime.DType;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Conv2d;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Kernel;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Resize;
import io.panamba.runtime.operation.RoiAlign;
import io.panamba.runtime.operation.WindowPool;
import io.panamba.runtime.operation.WindowPool.Windows;
import io.panamba.runtime.oracle.Floats;
import io.panamba.runtime.oracle.ScalarConv2d;
import io.panamba.runtime.oracle.ScalarResize;
import io.panamba.runtime.oracle.ScalarRoiAlign;
import io.panamba.runtime.oracle.ScalarWindowPool;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
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
 * Operations of heads that segment and detect, at the sizes of their published networks, each
 * checked against double precision before it is timed: maps of 192 channels that are resized to 128
 * x 128 pixels, also as the nine products of a convolution, windows of such maps, a transposed
 * convolution, boxes of a pyramid of 256 channels, and a convolution of a group of them. Beside
 * each stands its floor: of a convolution its multiply-adds at the measured peak of the threads, of
 * the others the time of a copy of as many bytes as the result has, on one thread.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 2, jvmArgsAppend = "-Xmx1g")
public class HeadBenchmark {
  private static final int CHANNELS = 192;
  private static final int PYRAMID_CHANNELS = 256;
  private static final int BOXES = 100;
  private static final int BOX_SIDE = 7;
  private static final int GROUP = 16;
  private static final int IMAGE = 1024;
  private static final Grid LARGE = new Grid(128, 128);
  private static final int CHECKED_PIXELS = 64;

  /** Of a result's magnitude: well above what float32 rounds. */
  private static final double BOUND = 1e-5;

  /** What is run. */
  @Param({
    "resize_64",
    "resize_products_64",
    "resize_products_32",
    "resize_products_16",
    "mean_windows",
    "max_windows",
    "roi_align",
    "transposed_convolution",
    "convolution_of_boxes"
  })
  public String operation;

  /** Threads of the device. */
  @Param({"1", "2"})
  public int threads;

  private Workbench bench;
  private Plan plan;

  /** Plans, runs once, checks the result and prints the floor. */
  @Setup
  public void setUp() {
    bench = new Workbench(threads);
    plan =
        switch (operation) {
          case "resize_64" -> resize(64, 1);
          case "resize_products_64" -> resize(64, 3);
          case "resize_products_32" -> resize(32, 3);
          case "resize_products_16" -> resize(16, 3);
          case "mean_windows" -> windows(Windows.adaptive(6, 6));
          case "max_windows" -> windows(Windows.maximum(2, 2));
          case "roi_align" -> roiAlign();
          case "transposed_convolution" -> transposed();
          case "convolution_of_boxes" -> convolutionOfBoxes();
          default -> throw new IllegalArgumentException(operation);
        };
  }

  /** Releases everything. */
  @TearDown
  public void tearDown() {
    plan.close();
    bench.close();
  }

  /** One run of the operation. */
  @Benchmark
  public void run() {
    plan.run();
  }

  private Plan resize(int from, int side) {
    Grid grid = new Grid(from, from);
    Tensor x = bench.random(DType.F32, 1, grid.pixels(), (long) side * side * CHANNELS);
    Tensor out = bench.zeros(DType.F32, 1, LARGE.pixels(), CHANNELS);
    Resize resize =
        new Resize(
            Columns.of(x), grid, side, false, 0, Linear.Activation.NONE, LARGE, Columns.of(out));
    Plan planned = bench.run(resize);
    int[] some = Rows.some(Math.toIntExact(LARGE.pixels()), CHECKED_PIXELS);
    ScalarResize.out(resize, null, some)
        .assertClose(Floats.rows(Columns.of(out), some), BOUND, operation);
    bench.printCopyFloor(out.segment().byteSize());
    return planned;
  }

  private Plan windows(Windows windows) {
    Tensor x = bench.random(DType.F32, 1, LARGE.pixels(), CHANNELS);
    Tensor out = bench.zeros(DType.F32, 1, windows.over(LARGE).pixels(), CHANNELS);
    WindowPool pool = new WindowPool(windows, Columns.of(x), LARGE, Columns.of(out));
    Plan planned = bench.run(pool);
    ScalarWindowPool.out(pool).assertClose(out.toFloats(), BOUND, operation);
    bench.printCopyFloor(out.segment().byteSize());
    return planned;
  }

  /** Boxes of 16 to 512 pixels, each on the level of its size. */
  private Plan roiAlign() {
    List<RoiAlign.Level> levels =
        IntStream.rangeClosed(2, 5)
            .mapToObj(
                i -> {
                  Grid grid = new Grid(IMAGE >> i, IMAGE >> i);
                  Tensor map = bench.random(DType.F32, 1, grid.pixels(), PYRAMID_CHANNELS);
                  return new RoiAlign.Level(map, grid, 1f / (1 << i));
                })
            .toList();
    SplittableRandom random = new SplittableRandom(1);
    float[] corners = new float[BOXES * 5];
    for (int i = 0; i < corners.length; i += 5) {
      int level = random.nextInt(levels.size());
      float size = random.nextFloat(16 << level, 64 << level);
      corners[i] = random.nextFloat(IMAGE - size);
      corners[i + 1] = random.nextFloat(IMAGE - size);
      corners[i + 2] = corners[i] + size;
      corners[i + 3] = corners[i + 1] + size;
      corners[i + 4] = level;
    }
    Tensor boxes = bench.zeros(DType.F32, BOXES, 5);
    boxes.copyFrom(corners);
    Tensor out = bench.zeros(DType.F32, BOXES, (long) BOX_SIDE * BOX_SIDE, PYRAMID_CHANNELS);
    RoiAlign align = new RoiAlign(levels, boxes, BOX_SIDE, out);
    Plan planned = bench.run(align);
    ScalarRoiAlign.out(align).assertClose(out.toFloats(), BOUND, operation);
    bench.printCopyFloor(out.segment().byteSize());
    return planned;
  }

  /** A matrix for each tap of a weight (taps, columns, channels). */
  private PackedMatrix packed(Tensor weight) {
    Shape matrix = Shape.of(weight.shape().size(1), weight.shape().size(2));
    List<MatrixSource> sources =
        LongStream.range(0, weight.shape().size(0))
            .mapToObj(tap -> MatrixSource.of(weight.slice(tap, 1).reshape(matrix)))
            .toList();
    return bench.device.pack(bench.arena, sources, DType.F32);
  }

  private Plan checked(Conv2d conv, Tensor weight, double pairs) {
    Plan planned = bench.run(conv);
    int[] some = Rows.some(Math.toIntExact(conv.outGrid().pixels()), CHECKED_PIXELS);
    ScalarConv2d.out(conv, weight.toFloats(), null, some)
        .assertClose(Floats.rows(Columns.of(conv.out()), some), BOUND, operation);
    bench.printFloor(pairs * weight.shape().size(1) * weight.shape().size(2), DType.F32);
    return planned;
  }

  private Plan transposed() {
    Kernel kernel = Kernel.square(2, 2, 0);
    Grid grid = new Grid(64, 64);
    Tensor weight = bench.random(DType.F32, kernel.taps(), CHANNELS, CHANNELS);
    Conv2d conv =
        new Conv2d(
            Columns.of(bench.random(DType.F32, 1, grid.pixels(), CHANNELS)),
            grid,
            packed(weight),
            bench.random(DType.F32, CHANNELS),
            kernel,
            true,
            0,
            Linear.Activation.NONE,
            LARGE,
            bench.zeros(DType.F32, 1, LARGE.pixels(), CHANNELS));
    return checked(conv, weight, (double) LARGE.pixels());
  }

  private Plan convolutionOfBoxes() {
    Kernel kernel = Kernel.square(3, 1, 1);
    Grid grid = new Grid(BOX_SIDE, BOX_SIDE);
    Tensor weight = bench.random(DType.F32, kernel.taps(), PYRAMID_CHANNELS, PYRAMID_CHANNELS);
    Conv2d conv =
        Conv2d.of(
            bench.random(DType.F32, GROUP, grid.pixels(), PYRAMID_CHANNELS),
            grid,
            packed(weight),
            null,
            kernel,
            Linear.Activation.NONE,
            bench.zeros(DType.F32, GROUP, grid.pixels(), PYRAMID_CHANNELS));
    return checked(conv, weight, GROUP * Workbench.pairs(grid, kernel));
  }
}
