package io.panamba.jmh;

import io.panamba.runtime.Arenas;
import io.panamba.runtime.Device;
import io.panamba.runtime.Plan;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
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
 * The selective scan, both directions of Vim-Ti's width on one thread, beside plain C: channel by
 * channel, and in ggml's order. All compute dt, softplus, skip and gate too, and are compared with
 * double precision before they count. The tier of Panamba's is that of the process: {@code
 * -jvmArgsAppend -Dpanamba.tier=avx2} for another than the best.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "-Xmx1g")
public class ScanBenchmark {
  /** State updates a second. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.OPERATIONS)
  public static class Rate {
    /** Counted by the benchmark. */
    public long updates;

    /** Starts anew. */
    @Setup(Level.Iteration)
    public void reset() {
      updates = 0;
    }
  }

  /** Who scans. */
  @Param({"panamba", "ggml", "scalar"})
  public String kernel;

  /** Tokens: 197 at 224 pixels, 6085 at 1248. */
  @Param({"197", "1025", "6085"})
  public int length;

  private Device device;
  private Arena arena;
  private Plan plan;
  private BaselineScans baseline;
  private ScanCase scan;

  /** Prepares, runs once and checks. */
  @Setup
  public void setUp() throws IOException {
    device = Device.cpu(1);
    arena = Arenas.shared();
    scan = new ScanCase(arena, length);
    plan = device.plan(List.of(scan.operation()));
    if (!kernel.equals("panamba")) {
      baseline = new BaselineScans(kernel, scan, length, arena);
    }
    run(new Rate());
    scan.check();
  }

  /** Checks once more and releases everything. */
  @TearDown
  public void tearDown() {
    scan.check();
    plan.close();
    arena.close();
    device.close();
  }

  /** One scan of both directions. */
  @Benchmark
  public void run(Rate rate) {
    if (baseline == null) {
      plan.run();
    } else {
      baseline.run();
    }
    rate.updates += scan.updates();
  }
}
