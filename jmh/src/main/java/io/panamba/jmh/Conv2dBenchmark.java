package io.panamba.jmh;

import io.panamba.runtime.DType;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Conv2d;
import io.panamba.runtime.operation.Conv2dGradient;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Kernel;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.PlanarConv2d;
import io.panamba.runtime.oracle.Floats;
import io.panamba.runtime.oracle.ScalarConv2d;
import java.util.List;
import java.util.concurrent.TimeUnit;
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
 * Convolutions of 3 x 3 taps as they occur in networks, and the gradients of their input and
 * weight, each checked against double precision before it is timed. Beside it stands the floor: the
 * time of the multiply-adds with taps inside of the image at the measured peak of the threads.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 2, jvmArgsAppend = "-Xmx1g")
public class Conv2dBenchmark {
  private static final int PLANES = 3;
  private static final int CHECKED_PIXELS = 64;

  /** Columns of the weight's gradient that are checked; they lie in two vectors. */
  private static final int FIRST = 13;

  private static final int COUNT = 6;

  /** Of a result's magnitude: well above what float32 rounds. */
  private static final double BOUND = 1e-5;

  /**
   * Height, width and channels of the input, columns, stride. An input of three channels is planar.
   */
  @Param({
    "64x64x192-192-1",
    "56x56x96-192-2",
    "112x112x24-48-2",
    "28x28x192-384-2",
    "224x224x3-48-2"
  })
  public String shape;

  /** What is run. Gradients are those of channels last, of three channels too. */
  @Param({"forward", "forward_bf16", "input_gradient", "weight_gradient"})
  public String operation;

  /** Threads of the device. */
  @Param({"1", "2"})
  public int threads;

  private Workbench bench;
  private Plan plan;
  private Grid grid;
  private int channels;
  private int columns;
  private Kernel kernel;

  /** Plans, runs once, checks elements of the result and prints the floor. */
  @Setup
  public void setUp() {
    String[] sizes = shape.split("[x-]", -1);
    grid = new Grid(Long.parseLong(sizes[0]), Long.parseLong(sizes[1]));
    channels = Integer.parseInt(sizes[2]);
    columns = Integer.parseInt(sizes[3]);
    kernel = Kernel.square(3, Integer.parseInt(sizes[4]), 1);
    bench = new Workbench(threads);
    DType dtype = operation.equals("forward_bf16") ? DType.BF16 : DType.F32;
    plan =
        switch (operation) {
          case "forward", "forward_bf16" -> channels == PLANES ? planes(dtype) : pixels(dtype);
          case "input_gradient" -> inputGradient();
          case "weight_gradient" -> weightGradient();
          default -> throw new IllegalArgumentException(operation);
        };
    bench.printFloor(Workbench.pairs(grid, kernel) * channels * columns, dtype);
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

  /** A matrix for each tap of a weight (taps, columns, channels). */
  private PackedMatrix packed(Tensor weight, DType dtype) {
    Shape matrix = Shape.of(weight.shape().size(1), weight.shape().size(2));
    List<MatrixSource> sources =
        LongStream.range(0, kernel.taps())
            .mapToObj(tap -> MatrixSource.of(weight.slice(tap, 1).reshape(matrix)))
            .toList();
    return bench.device.pack(bench.arena, sources, dtype);
  }

  private Plan pixels(DType dtype) {
    Tensor weight = bench.random(DType.F32, kernel.taps(), columns, channels);
    Conv2d conv =
        Conv2d.of(
            bench.random(dtype, 1, grid.pixels(), channels),
            grid,
            packed(weight, dtype),
            bench.random(DType.F32, columns),
            kernel,
            Linear.Activation.NONE,
            bench.zeros(dtype, 1, kernel.over(grid).pixels(), columns));
    return checked(conv, weight);
  }

  private Plan checked(Conv2d conv, Tensor weight) {
    Plan planned = bench.run(conv);
    int[] some = Rows.some(Math.toIntExact(conv.outGrid().pixels()), CHECKED_PIXELS);
    ScalarConv2d.out(conv, weight.toFloats(), null, some)
        .assertClose(
            Floats.rows(Columns.of(conv.out()), some), conv.out().dtype(), BOUND, operation);
    return planned;
  }

  private Plan planes(DType dtype) {
    long depth = (long) channels * kernel.taps();
    Tensor weight = bench.random(DType.F32, columns, depth);
    PlanarConv2d conv =
        new PlanarConv2d(
            bench.random(DType.F32, 1, channels, grid.height(), grid.width()),
            null,
            bench.device.pack(bench.arena, MatrixSource.of(weight), dtype),
            bench.random(DType.F32, columns),
            kernel,
            Linear.Activation.NONE,
            bench.zeros(dtype, 1, kernel.over(grid).pixels(), columns));
    Plan planned = bench.run(conv);
    int[] some = Rows.some(Math.toIntExact(kernel.over(grid).pixels()), CHECKED_PIXELS);
    ScalarConv2d.out(conv, weight.toFloats(), some)
        .assertClose(Floats.rows(Columns.of(conv.out()), some), dtype, BOUND, operation);
    return planned;
  }

  private Plan inputGradient() {
    Tensor weight = bench.random(DType.F32, kernel.taps(), channels, columns);
    Grid small = kernel.over(grid);
    Conv2d conv =
        new Conv2d(
            Columns.of(bench.random(DType.F32, 1, small.pixels(), columns)),
            small,
            packed(weight, DType.F32),
            null,
            kernel,
            true,
            0,
            Linear.Activation.NONE,
            grid,
            bench.zeros(DType.F32, 1, grid.pixels(), channels));
    return checked(conv, weight);
  }

  private Plan weightGradient() {
    Conv2dGradient gradient =
        new Conv2dGradient(
            bench.random(DType.F32, 1, grid.pixels(), channels),
            grid,
            bench.random(DType.F32, 1, kernel.over(grid).pixels(), columns),
            kernel,
            0,
            bench.zeros(DType.F32, kernel.taps(), channels, columns));
    Plan planned = bench.run(gradient);
    ScalarConv2d.gradient(gradient, null, FIRST, COUNT)
        .assertClose(
            Floats.of(new Columns(gradient.weightGradient(), FIRST, COUNT)), BOUND, operation);
    return planned;
  }
}
