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
import io.panamba.runtime.oracle.Floats;
import io.panamba.runtime.oracle.ScalarConv;
import io.panamba.runtime.oracle.ScalarLinear;
import io.panamba.runtime.oracle.ScalarNorm;
import io.panamba.runtime.oracle.ScalarPatches;
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
 * checked against double precision before it is timed.
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

  /** Of a result's magnitude: well above what float32 rounds. */
  private static final double BOUND = 2e-6;

  private static final int CHECKED_ROWS = 64;

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

  private Case linear(int rows, int depth, int columns) {
    Tensor input = random(1, 1, rows, depth);
    Tensor weight = random(0.1, columns, depth);
    PackedMatrix packed = device.pack(arena, MatrixSource.of(weight), DType.F32);
    Tensor out = zeros(1, rows, columns);
    int[] some = Rows.some(rows, CHECKED_ROWS);
    return new Case(
        Linear.of(input, packed, null, 0, out),
        () ->
            ScalarLinear.out(
                    Floats.rows(Columns.of(input), some),
                    weight.toFloats(),
                    null,
                    some.length,
                    columns)
                .assertClose(Floats.rows(Columns.of(out), some), BOUND, operation));
  }

  private Case norm() {
    Tensor input = random(2, 1, length, DIM);
    Norm norm = Norm.of(Norm.Kind.RMS, input, random(1, DIM), null, 1e-5f, zeros(1, length, DIM));
    int[] some = Rows.some(length, CHECKED_ROWS);
    return new Case(
        norm,
        () ->
            ScalarNorm.out(norm, Floats.rows(Columns.of(input), some))
                .assertClose(Floats.rows(Columns.of(norm.out()), some), BOUND, operation));
  }

  private Case causalConv() {
    Columns x = new Columns(random(1, 1, length, 2 * INNER), 0, INNER);
    Tensor bias = random(1, INNER);
    CausalConv.Direction forward = direction(bias);
    CausalConv.Direction backward = direction(bias);
    return new Case(
        CausalConv.of(x, forward, backward),
        () -> {
          ScalarConv.out(x, forward, false)
              .assertClose(forward.out().toFloats(), BOUND, "forward conv");
          ScalarConv.out(x, backward, true)
              .assertClose(backward.out().toFloats(), BOUND, "backward conv");
        });
  }

  private CausalConv.Direction direction(Tensor bias) {
    return new CausalConv.Direction(random(1, KERNEL, INNER), bias, zeros(1, length, INNER));
  }

  private Case selectiveScan() {
    ScanCase scan = new ScanCase(arena, length);
    return new Case(scan.operation(), scan::check);
  }

  private Case patchEmbedding() {
    int side = 224;
    int patch = 16;
    Tensor image = random(2, 1, 3, side, side);
    Tensor weight = random(0.05, DIM, 3L * patch * patch);
    int patches = (side / patch) * (side / patch);
    PatchEmbedding embedding =
        new PatchEmbedding(
            image,
            null,
            device.pack(arena, MatrixSource.of(weight), DType.F32),
            null,
            random(1, patches + 1, DIM),
            random(1, 1, DIM),
            PatchEmbedding.ClassIndex.of(patches / 2),
            patch,
            patch,
            zeros(1, patches + 1, DIM));
    return new Case(
        embedding,
        () ->
            ScalarPatches.embedding(embedding, weight.toFloats())
                .assertClose(embedding.out().toFloats(), BOUND, operation));
  }
}
