package io.panamba.jmh;

import io.panamba.runtime.Arenas;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Attention;
import io.panamba.runtime.operation.AttentionGradient;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.oracle.Floats;
import io.panamba.runtime.oracle.ScalarAttention;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
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
 * Attention of one DeiT-Ti layer, 3 heads of 64, and its gradient, each checked against double
 * precision before it is timed. Beside it stands the floor: the time that the products'
 * multiply-adds take at the measured peak of the threads, two products forward and five backward;
 * exp is not in it.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 2, jvmArgsAppend = "-Xmx1g")
public class AttentionBenchmark {
  private static final int HEADS = 3;
  private static final int HEAD_DIM = 64;
  private static final int WIDTH = HEADS * HEAD_DIM;

  /** Of a result's magnitude: well above what float32 rounds. */
  private static final double BOUND = 1e-5;

  /** Weights and results are rounded to bfloat16, each by 2^-9 at most. */
  private static final double BFLOAT_BOUND = 0x1p-7;

  private static final int CHECKED_QUERIES = 16;

  /** What is run. */
  @Param({"forward", "forward_bf16", "gradient"})
  public String operation;

  /** Tokens: 197 at 224 pixels, 6085 at 1248. */
  @Param({"197", "1025", "6085"})
  public int length;

  /** Threads of the device. */
  @Param({"1", "2"})
  public int threads;

  private final Random random = new Random(1);
  private Device device;
  private Arena arena;
  private Plan plan;

  /** Plans, runs once, checks elements of the result and prints the floor. */
  @Setup
  public void setUp() {
    device = Device.cpu(threads);
    arena = Arenas.shared();
    DType dtype = operation.equals("forward_bf16") ? DType.BF16 : DType.F32;
    Tensor qkv = random(dtype, 3 * WIDTH);
    Tensor out = Tensor.allocate(arena, dtype, Shape.of(1, length, WIDTH));
    Tensor statistics = Tensor.allocate(arena, DType.F32, Shape.of(1, HEADS, 2, length));
    Attention forward = Attention.of(qkv, HEADS, out, statistics);
    run(forward);
    int[] some = Rows.some(length, CHECKED_QUERIES);
    ScalarAttention expected = new ScalarAttention(forward, some);
    double bound = dtype == DType.F32 ? BOUND : BFLOAT_BOUND;
    expected.out().assertClose(Floats.rows(forward.out(), some), bound, operation);
    plan =
        device.plan(
            List.of(operation.equals("gradient") ? gradient(forward, expected, some) : forward));
    int products = operation.equals("gradient") ? 5 : 2;
    double flops = 2.0 * products * length * length * WIDTH;
    System.out.printf("%n# Floor: %.1f us%n", flops / device.measurePeak(threads, dtype) * 1e6);
  }

  /** Releases everything. */
  @TearDown
  public void tearDown() {
    plan.close();
    arena.close();
    device.close();
  }

  /** One run of the operation. */
  @Benchmark
  public void run() {
    plan.run();
  }

  private void run(Operation first) {
    try (Plan once = device.plan(List.of(first))) {
      once.run();
    }
  }

  /**
   * The gradient. It is checked with zeros for {@code outGradient} but for some queries, so that
   * the oracle adds up these alone.
   */
  private AttentionGradient gradient(Attention forward, ScalarAttention expected, int... some) {
    Tensor outGradient = random(DType.F32, WIDTH);
    Tensor gradient = Tensor.allocate(arena, DType.F32, Shape.of(1, length, 3 * WIDTH));
    AttentionGradient backward =
        new AttentionGradient(
            forward,
            Columns.of(outGradient),
            new Columns(gradient, 0, WIDTH),
            new Columns(gradient, WIDTH, WIDTH),
            new Columns(gradient, 2 * WIDTH, WIDTH));
    float[] all = outGradient.toFloats();
    float[] few = new float[all.length];
    for (int query : some) {
      System.arraycopy(all, query * WIDTH, few, query * WIDTH, WIDTH);
    }
    outGradient.copyFrom(few);
    run(backward);
    ScalarAttention.Gradients sums = expected.gradients(backward);
    sums.q().assertClose(Floats.rows(backward.qGradient(), some), BOUND, "q of the gradient");
    sums.k().assertClose(Floats.of(backward.kGradient()), BOUND, "k of the gradient");
    sums.v().assertClose(Floats.of(backward.vGradient()), BOUND, "v of the gradient");
    outGradient.copyFrom(all);
    return backward;
  }

  /** Numbers that bfloat16 holds too. */
  private Tensor random(DType dtype, int width) {
    Tensor tensor = Tensor.allocate(arena, dtype, Shape.of(1, length, width));
    for (long i = 0; i < tensor.shape().elements(); i++) {
      int bits = Float.floatToRawIntBits(random.nextFloat(-2, 2)) & 0xffff0000;
      if (dtype == DType.F32) {
        tensor.segment().setAtIndex(ValueLayout.JAVA_INT, i, bits);
      } else {
        tensor.segment().setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (bits >>> 16));
      }
    }
    return tensor;
  }
}
