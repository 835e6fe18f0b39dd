package io.panamba.jmh;

import io.panamba.runtime.Arenas;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.CrossScan;
import io.panamba.runtime.operation.CrossScanGradient;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.ScanGradient;
import io.panamba.runtime.operation.SelectiveScan;
import io.panamba.runtime.oracle.Floats;
import io.panamba.runtime.oracle.ScalarCrossScan;
import io.panamba.runtime.oracle.ScalarScan;
import io.panamba.runtime.oracle.Values;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;
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
 * The cross scan of every stage of VMamba-T at 224 pixels, of one state and of sixteen, and its
 * gradient, beside two selective scans over as many tokens, which update as many states; each
 * checked against double precision before it is timed.
 *
 * <p>The floor is the time that the pipes of multiply-adds need at the measured peak of the
 * threads, as in docs/performance.md: nine slots for the update of a state, and for a step of a
 * walk one for each rank of dt, sixteen for softplus and one for dt u.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 2, jvmArgsAppend = "-Xmx1g")
public class CrossScanBenchmark {
  private static final int INTERVAL = 16;

  /** Of a result's magnitude: well above what float32 rounds. */
  private static final double BOUND = 2e-6;

  /** The channels that are checked lie in two vectors. */
  private static final int CHANNEL = 13;

  private static final int CHANNELS = 6;

  /** What is run. */
  @Param({"cross", "selective", "gradient"})
  public String operation;

  /** Height x width x channels x rank of dt x states. */
  @Param({
    "56x56x96x6x1",
    "28x28x192x12x1",
    "14x14x384x24x1",
    "7x7x768x48x1",
    "56x56x192x6x16",
    "28x28x384x12x16",
    "14x14x768x24x16",
    "7x7x1536x48x16"
  })
  public String size;

  /** The order of the cross scan's walks: CROSS, UNIDI or BIDI. */
  @Param("CROSS")
  public CrossScan.Walks walks;

  /** Threads of the device. */
  @Param({"1", "2"})
  public int threads;

  private final Random random = new Random(1);
  private Device device;
  private Arena arena;
  private Plan plan;
  private Grid grid;
  private long channels;
  private long rank;
  private long states;

  /** Plans, runs once, checks channels of the result and prints the floor. */
  @Setup
  public void setUp() {
    String[] sizes = size.split("x", -1);
    grid = new Grid(Long.parseLong(sizes[0]), Long.parseLong(sizes[1]));
    channels = Long.parseLong(sizes[2]);
    rank = Long.parseLong(sizes[3]);
    states = Long.parseLong(sizes[4]);
    device = Device.cpu(threads);
    arena = Arenas.shared();
    switch (operation) {
      case "cross" -> cross();
      case "selective" -> selective();
      case "gradient" -> gradient();
      default -> throw new IllegalArgumentException(operation);
    }
    double steps = (double) CrossScan.WALKS * grid.pixels() * channels;
    double flops = 2 * steps * (9 * states + rank + 17);
    System.out.printf(
        "%n# State updates: %.0f; floor: %.1f us%n",
        steps * states, flops / device.measurePeak(threads, DType.F32) * 1e6);
  }

  /** Releases everything. */
  @TearDown
  public void tearDown() {
    plan.close();
    arena.close();
    device.close();
  }

  /** One run. */
  @Benchmark
  public void run() {
    plan.run();
  }

  private void plan(Operation... operations) {
    plan = device.plan(List.of(operations));
    plan.run();
  }

  private Tensor random(double low, double high, long... sizes) {
    Tensor tensor = zeros(sizes);
    float[] values = new float[Math.toIntExact(tensor.shape().elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextDouble(low, high);
    }
    tensor.copyFrom(values);
    return tensor;
  }

  private Tensor zeros(long... sizes) {
    return Tensor.allocate(arena, DType.F32, Shape.of(sizes));
  }

  private static float[] checked(Tensor tensor) {
    return Floats.of(new Columns(tensor, CHANNEL, CHANNELS));
  }

  private CrossScan.Inputs inputs() {
    return new CrossScan.Inputs(
        grid,
        walks,
        random(-1, 1, 1, grid.pixels(), channels),
        random(-1, 1, 1, grid.pixels(), CrossScan.WALKS * (rank + 2 * states)),
        random(-0.3, 0.3, CrossScan.WALKS, rank, channels),
        random(-5, -1, CrossScan.WALKS, channels),
        random(-24, -0.5, CrossScan.WALKS, states, channels),
        random(-1, 1, CrossScan.WALKS, channels));
  }

  private void cross() {
    CrossScan.Inputs inputs = inputs();
    Tensor out = zeros(1, grid.pixels(), channels);
    plan(new CrossScan(inputs, null, 0, out));
    new ScalarCrossScan(inputs, CHANNEL, CHANNELS)
        .out()
        .assertClose(checked(out), BOUND, operation);
  }

  private void gradient() {
    CrossScan.Inputs inputs = inputs();
    long pixels = grid.pixels();
    Tensor saved = zeros(CrossScan.WALKS, 1, Math.ceilDiv(pixels, INTERVAL), states, channels);
    Tensor outGradient = random(-1, 1, 1, pixels, channels);
    CrossScanGradient gradient =
        new CrossScanGradient(
            inputs,
            saved,
            INTERVAL,
            outGradient,
            zeros(1, pixels, channels),
            zeros(ScanGradient.parts(channels), 1, pixels, inputs.width()),
            zeros(1, CrossScan.WALKS * (states + rank + 2), channels));
    try (Plan forward =
        device.plan(List.of(new CrossScan(inputs, saved, INTERVAL, zeros(1, pixels, channels))))) {
      forward.run();
    }
    plan(gradient);
    ScalarCrossScan.Gradients expected =
        new ScalarCrossScan(inputs, CHANNEL, CHANNELS).gradients(checked(outGradient));
    expected.u().assertClose(checked(gradient.uGradient()), expected.bound(), "u");
    expected
        .parameterParts()
        .assertClose(checked(gradient.parameterParts()), expected.bound(), "parameters");
  }

  /** Two scans of both directions: as many updates as four walks make. */
  private void selective() {
    Tensor out = zeros(1, grid.pixels(), channels);
    SelectiveScan first = new SelectiveScan(direction(), direction(), null, 1, null, 0, false, out);
    SelectiveScan second =
        new SelectiveScan(direction(), direction(), null, 1, null, 0, false, out);
    plan(first, second);
    ScalarScan expected = new ScalarScan(second, CHANNEL, CHANNELS);
    Values sum = expected.sum(null);
    expected.run(second.forward(), false, sum);
    expected.run(second.backward(), true, sum);
    expected.out(sum).assertClose(checked(out), BOUND, operation);
  }

  private SelectiveScan.Direction direction() {
    return new SelectiveScan.Direction(
        random(-1, 1, 1, grid.pixels(), channels),
        random(-1, 1, 1, grid.pixels(), rank + 2 * states),
        random(-0.3, 0.3, rank, channels),
        random(-5, -1, channels),
        random(-24, -0.5, states, channels),
        random(-1, 1, channels),
        null,
        null,
        null);
  }
}
