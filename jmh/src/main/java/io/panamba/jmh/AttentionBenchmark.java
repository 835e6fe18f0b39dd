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
 * Attention of one DeiT-Ti layer, 3 heads of 64, and its gradient, each checked against a plain
 * loop before it is timed. Beside it stands the floor: the time that the products' multiply-adds
 * take at the measured peak of the threads, two products forward and five backward; exp is not in
 * it.
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
  private static final double TOLERANCE = 1e-5;
  private static final double BFLOAT_TOLERANCE = 2e-2;

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
    for (int query = 0; query < length; query += 1 + length / 5) {
      check(forward, query);
    }
    plan = device.plan(List.of(operation.equals("gradient") ? gradient(forward) : forward));
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

  private AttentionGradient gradient(Attention forward) {
    Tensor gradient = Tensor.allocate(arena, DType.F32, Shape.of(1, length, 3 * WIDTH));
    return new AttentionGradient(
        forward,
        Columns.of(random(DType.F32, WIDTH)),
        new Columns(gradient, 0, WIDTH),
        new Columns(gradient, WIDTH, WIDTH),
        new Columns(gradient, 2 * WIDTH, WIDTH));
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

  private static float number(Columns columns, long row, long column) {
    Tensor tensor = columns.tensor();
    long place = row * columns.rowStride() + columns.first() + column;
    return tensor.dtype() == DType.F32
        ? tensor.segment().getAtIndex(ValueLayout.JAVA_FLOAT, place)
        : Float.intBitsToFloat(tensor.segment().getAtIndex(ValueLayout.JAVA_SHORT, place) << 16);
  }

  /** The first head of a query against double precision. */
  private void check(Attention op, int query) {
    double[] sums = new double[HEAD_DIM];
    double total = 0;
    for (int key = 0; key < length; key++) {
      double score = 0;
      for (int i = 0; i < HEAD_DIM; i++) {
        score += (double) number(op.q(), query, i) * number(op.k(), key, i);
      }
      double weight = Math.exp(op.scale() * score);
      total += weight;
      for (int i = 0; i < HEAD_DIM; i++) {
        sums[i] += weight * number(op.v(), key, i);
      }
    }
    double tolerance = op.q().tensor().dtype() == DType.F32 ? TOLERANCE : BFLOAT_TOLERANCE;
    for (int i = 0; i < HEAD_DIM; i++) {
      double expected = sums[i] / total;
      float actual = number(op.out(), query, i);
      if (!(Math.abs(expected - actual) <= tolerance * Math.max(1, Math.abs(expected)))) {
        throw new IllegalStateException(
            "query %d: expected %s, found %s".formatted(query, expected, actual));
      }
    }
  }
}
