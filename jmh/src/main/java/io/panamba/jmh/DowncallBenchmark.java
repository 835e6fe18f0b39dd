package io.panamba.jmh;

import io.panamba.runtime.Device;
import io.panamba.runtime.Plan;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a run of a plan costs before its first operation: the crossing from Java and back, with the
 * state machine and the arenas that it holds.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class DowncallBenchmark {
  private Device device;
  private Plan plan;

  /** Plans nothing. */
  @Setup
  public void setUp() {
    device = Device.cpu(1);
    plan = device.plan(List.of());
  }

  /** Releases the device. */
  @TearDown
  public void tearDown() {
    plan.close();
    device.close();
  }

  /** One crossing. */
  @Benchmark
  public void emptyPlan() {
    plan.run();
  }
}
