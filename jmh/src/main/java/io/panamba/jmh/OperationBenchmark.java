package io.panamba.jmh;

import io.panamba.runtime.Arenas;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.CausalConv;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Norm;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.PatchEmbedding;
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
 * The operations of one Vim-Ti layer at 224 pixels (197 tokens) and of its embedding and head, each
 * checked against a plain loop before it is timed.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class OperationBenchmark {
  private static final int DIM = 192;
  private static final int INNER = 384;
  private static final int STATES = 16;
  private static final int RANK = 12;
  private static final int KERNEL = 4;
  private static final double TOLERANCE = 1e-4;

  /** The operation. */
  @Param({
    "norm",
    "in_proj",
    "causal_conv",
    "x_proj",
    "selective_scan",
    "out_proj",
    "patch_embedding",
    "head"
  })
  public String operation;

  /** Tokens: 197 at 224 pixels, 6085 at 1248. */
  @Param({"197"})
  public int length;

  /** Threads of the device. */
  @Param({"1", "2"})
  public int threads;

  private final Random random = new Random(1);
  private Device device;
  private Arena arena;
  private Plan plan;

  /** Plans the operation, runs it and checks elements of its result. */
  @Setup
  public void setUp() {
    device = Device.cpu(threads);
    arena = Arenas.shared();
    Case subject =
        switch (operation) {
          case "norm" -> norm();
          case "in_proj" -> linear(length, DIM, 2 * INNER);
          case "x_proj" -> linear(length, INNER, RANK + 2 * STATES);
          case "out_proj" -> linear(length, INNER, DIM);
          case "head" -> linear(1, DIM, 1000);
          case "causal_conv" -> causalConv();
          case "selective_scan" -> selectiveScan();
          case "patch_embedding" -> patchEmbedding();
          default -> throw new IllegalArgumentException(operation);
        };
    plan = device.plan(List.of(subject.operation));
    plan.run();
    subject.check.run();
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

  private record Case(Operation operation, Runnable check) {}

  private Tensor random(double scale, long... sizes) {
    Tensor tensor = Tensor.allocate(arena, DType.F32, Shape.of(sizes));
    float[] values = new float[(int) tensor.shape().elements()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (scale * (2 * random.nextDouble() - 1));
    }
    tensor.copyFrom(values);
    return tensor;
  }

  private Tensor zeros(long... sizes) {
    return Tensor.allocate(arena, DType.F32, Shape.of(sizes));
  }

  private static void compare(String what, double expected, float actual) {
    if (!(Math.abs(expected - actual) <= TOLERANCE * Math.max(1, Math.abs(expected)))) {
      throw new IllegalStateException(
          "%s: expected %s, found %s".formatted(what, expected, actual));
    }
  }

  private Case linear(int rows, int depth, int columns) {
    Tensor input = random(1, 1, rows, depth);
    Tensor weight = random(0.1, columns, depth);
    PackedMatrix packed = device.pack(arena, MatrixSource.of(weight), DType.F32);
    Tensor out = zeros(1, rows, columns);
    return new Case(
        Linear.of(input, packed, null, 0, out),
        () -> {
          float[] x = input.toFloats();
          float[] w = weight.toFloats();
          float[] y = out.toFloats();
          for (int i = 0; i < y.length; i += 97) {
            double sum = 0;
            for (int k = 0; k < depth; k++) {
              sum += (double) x[i / columns * depth + k] * w[i % columns * depth + k];
            }
            compare(operation, sum, y[i]);
          }
        });
  }

  private Case norm() {
    Tensor input = random(2, 1, length, DIM);
    Tensor weight = random(1, DIM);
    Tensor out = zeros(1, length, DIM);
    return new Case(
        Norm.of(Norm.Kind.RMS, input, weight, null, 1e-5f, out),
        () -> {
          float[] x = input.toFloats();
          double square = 0;
          for (int i = 0; i < DIM; i++) {
            square += (double) x[i] * x[i];
          }
          double factor = 1 / Math.sqrt(square / DIM + 1e-5);
          compare(operation, x[5] * factor * weight.toFloats()[5], out.toFloats()[5]);
        });
  }

  private static double silu(double v) {
    return v / (1 + Math.exp(-v));
  }

  private Case causalConv() {
    Tensor xz = random(1, 1, length, 2 * INNER);
    Tensor forwardWeight = random(1, KERNEL, INNER);
    Tensor backwardWeight = random(1, KERNEL, INNER);
    Tensor bias = random(1, INNER);
    Tensor forward = zeros(1, length, INNER);
    Tensor backward = zeros(1, length, INNER);
    return new Case(
        CausalConv.of(
            new Columns(xz, 0, INNER),
            new CausalConv.Direction(forwardWeight, bias, forward),
            new CausalConv.Direction(backwardWeight, bias, backward)),
        () -> {
          float[] x = xz.toFloats();
          int t = length / 2;
          double ahead = bias.toFloats()[7];
          double behind = ahead;
          for (int k = 0; k < KERNEL; k++) {
            ahead +=
                forwardWeight.toFloats()[k * INNER + 7] * x[(t - KERNEL + 1 + k) * 2 * INNER + 7];
            behind +=
                backwardWeight.toFloats()[k * INNER + 7] * x[(t + KERNEL - 1 - k) * 2 * INNER + 7];
          }
          compare("forward conv", silu(ahead), forward.toFloats()[t * INNER + 7]);
          compare("backward conv", silu(behind), backward.toFloats()[t * INNER + 7]);
        });
  }

  private Case selectiveScan() {
    ScanCase scan = new ScanCase(arena, length);
    return new Case(scan.operation(), scan::check);
  }

  private Case patchEmbedding() {
    int side = 224;
    int patch = 16;
    Tensor image = random(2, 1, 3, side, side);
    long depth = 3L * patch * patch;
    Tensor weight = random(0.05, DIM, depth);
    int patches = (side / patch) * (side / patch);
    Tensor position = random(1, patches + 1, DIM);
    Tensor out = zeros(1, patches + 1, DIM);
    return new Case(
        new PatchEmbedding(
            image,
            device.pack(arena, MatrixSource.of(weight), DType.F32),
            null,
            position,
            random(1, 1, DIM),
            PatchEmbedding.ClassIndex.of(patches / 2),
            patch,
            patch,
            out),
        () -> {
          double sum = position.toFloats()[3];
          for (int k = 0; k < 3 * patch * patch; k++) {
            int pixel =
                k / (patch * patch) * side * side + k % (patch * patch) / patch * side + k % patch;
            sum += (double) weight.toFloats()[3 * 3 * patch * patch + k] * image.toFloats()[pixel];
          }
          compare(operation, sum, out.toFloats()[3]);
        });
  }
}
