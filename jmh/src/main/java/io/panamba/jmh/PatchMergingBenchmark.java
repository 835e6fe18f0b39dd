package io.panamba.jmh;

import io.panamba.runtime.DType;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.PatchMerging;
import io.panamba.runtime.oracle.ScalarPatchMerging;
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
 * Operations that move numbers and hardly compute: a gate, whose gradient is another, and patch
 * merging and its gradient, each checked before it is timed. Beside it stands the floor: the time
 * of a copy that reads and writes as many bytes, on one thread.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 2, jvmArgsAppend = "-Xmx1g")
public class PatchMergingBenchmark {
  /** Height, width and channels of the pixels. */
  @Param({"56x56x96", "28x28x192", "7x7x384"})
  public String shape;

  /** What is run. */
  @Param({"merging", "gradient"})
  public String operation;

  /** Threads of the device. */
  @Param({"1", "2"})
  public int threads;

  private Workbench bench;
  private Plan plan;

  /** Plans, runs once, checks the result and prints the floor. */
  @Setup
  public void setUp() {
    String[] sizes = shape.split("x", -1);
    Grid grid = new Grid(Long.parseLong(sizes[0]), Long.parseLong(sizes[1]));
    int channels = Integer.parseInt(sizes[2]);
    bench = new Workbench(threads);
    plan =
        switch (operation) {
          case "merging" -> merging(grid, channels, false);
          case "gradient" -> merging(grid, channels, true);
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

  private Plan merging(Grid grid, int channels, boolean reversed) {
    Tensor pixels = bench.random(DType.F32, 1, grid.pixels(), channels);
    Tensor merged = bench.random(DType.F32, 1, PatchMerging.merged(grid).pixels(), 4L * channels);
    PatchMerging merging = new PatchMerging(pixels, grid, reversed, merged);
    Tensor out = reversed ? pixels : merged;
    Plan planned = bench.run(merging);
    ScalarPatchMerging.out(merging).assertClose(out.toFloats(), 0, operation);
    bench.printCopyFloor(out.segment().byteSize());
    return planned;
  }
}
