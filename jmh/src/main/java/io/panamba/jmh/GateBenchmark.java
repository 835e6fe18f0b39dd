package io.panamba.jmh;

import io.panamba.runtime.DType;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Gate;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.oracle.Floats;
import io.panamba.runtime.oracle.ScalarGate;
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
public class GateBenchmark {
  /** Height, width and channels of the pixels. */
  @Param({"56x56x96", "28x28x192", "7x7x576"})
  public String shape;

  /** What is run. */
  @Param({"gate", "gate_bf16"})
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
          case "gate" -> gate(DType.F32, grid, channels);
          case "gate_bf16" -> gate(DType.BF16, grid, channels);
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

  private Plan gate(DType dtype, Grid grid, int channels) {
    Tensor gate = bench.random(dtype, 1, grid.pixels(), channels);
    Tensor x = bench.random(dtype, 1, grid.pixels(), channels);
    Tensor out = bench.zeros(dtype, 1, grid.pixels(), channels);
    Plan planned = bench.run(new Gate(Columns.of(gate), Columns.of(x), Columns.of(out)));
    ScalarGate.out(Floats.of(gate), Floats.of(x))
        .assertClose(Floats.of(out), dtype, 0x1p-24, operation);
    bench.printCopyFloor(3 * out.segment().byteSize() / 2);
    return planned;
  }
}
