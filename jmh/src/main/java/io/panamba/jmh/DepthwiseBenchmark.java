package io.panamba.jmh;

import io.panamba.runtime.DType;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.DepthwiseConv;
import io.panamba.runtime.operation.DepthwiseConvGradient;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Kernel;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.oracle.Floats;
import io.panamba.runtime.oracle.ScalarDepthwise;
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
 * Depthwise convolutions as they occur in networks, and the gradient of their parameters, each
 * checked against double precision before it is timed; the gradient of x is a convolution of the
 * same size. Beside it stands the floor: the time of the multiply-adds with taps inside of the
 * image at the measured float32 peak of the threads, in bfloat16 too, where sums are float32.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 2, jvmArgsAppend = "-Xmx1g")
public class DepthwiseBenchmark {
  /** Of a result's magnitude: well above what float32 rounds. */
  private static final double BOUND = 1e-5;

  /** Height, width and channels, and the side of the kernel. */
  @Param({"56x56x96-7", "28x28x192-7", "14x14x384-7", "7x7x576-7", "56x56x96-3"})
  public String shape;

  /** What is run. */
  @Param({"forward", "forward_bf16", "parameter_gradient"})
  public String operation;

  /** Threads of the device. */
  @Param({"1", "2"})
  public int threads;

  private Workbench bench;
  private Plan plan;

  /** Plans, runs once, checks the result and prints the floor. */
  @Setup
  public void setUp() {
    String[] sizes = shape.split("[x-]", -1);
    Grid grid = new Grid(Long.parseLong(sizes[0]), Long.parseLong(sizes[1]));
    int channels = Integer.parseInt(sizes[2]);
    int side = Integer.parseInt(sizes[3]);
    bench = new Workbench(threads);
    plan =
        switch (operation) {
          case "forward" -> forward(DType.F32, grid, channels, side);
          case "forward_bf16" -> forward(DType.BF16, grid, channels, side);
          case "parameter_gradient" -> gradient(grid, channels, side);
          default -> throw new IllegalArgumentException(operation);
        };
    double pairs = Workbench.pairs(grid, Kernel.square(side, 1, side / 2));
    bench.printFloor(pairs * channels, DType.F32);
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

  private Plan forward(DType dtype, Grid grid, int channels, int side) {
    Tensor out = bench.zeros(dtype, 1, grid.pixels(), channels);
    DepthwiseConv conv =
        new DepthwiseConv(
            Columns.of(bench.random(dtype, 1, grid.pixels(), channels)),
            grid,
            bench.random(DType.F32, (long) side * side, channels),
            bench.random(DType.F32, channels),
            null,
            Linear.Activation.NONE,
            false,
            Columns.of(out));
    Plan planned = bench.run(conv);
    ScalarDepthwise.out(conv, null).assertClose(Floats.of(out), dtype, BOUND, operation);
    return planned;
  }

  private Plan gradient(Grid grid, int channels, int side) {
    Tensor parts = bench.zeros(DType.F32, 1, (long) side * side + 1, channels);
    DepthwiseConvGradient gradient =
        new DepthwiseConvGradient(
            Columns.of(bench.random(DType.F32, 1, grid.pixels(), channels)),
            grid,
            Columns.of(bench.random(DType.F32, 1, grid.pixels(), channels)),
            parts);
    Plan planned = bench.run(gradient);
    ScalarDepthwise.gradient(gradient).assertClose(parts.toFloats(), BOUND, operation);
    return planned;
  }
}
