package io.panamba.runtime.internal.cuda;

import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Attention;
import io.panamba.runtime.operation.CausalConv;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Conv2d;
import io.panamba.runtime.operation.Copy;
import io.panamba.runtime.operation.GatedLinear;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Kernel;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Norm;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.PatchEmbedding;
import io.panamba.runtime.operation.Pool;
import io.panamba.runtime.operation.Rotary;
import io.panamba.runtime.operation.SelectiveScan;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/** A small network of every operation, from pixels in the host's memory to numbers there. */
final class CudaScenario {
  private static final long DIM = 8;
  private static final long INNER = 16;
  private static final long STATES = 4;
  private static final long RANK = 2;
  private static final long TOKENS = 5;
  private static final long BATCH = 2;

  private final Device device;
  private final Arena arena;
  private final DType type;
  private final List<Operation> operations = new ArrayList<>();
  private final Tensor pixels;
  private final Tensor answer;

  CudaScenario(Device device, Arena arena, DType type) {
    this.device = device;
    this.arena = arena;
    this.type = type;
    Tensor image = device.allocate(arena, DType.F32, Shape.of(BATCH, 3, 4, 4));
    pixels = device.staging(arena, image);
    if (pixels != image) {
      operations.add(new Copy(pixels, image));
    }
    Tensor stream = embed(image);
    Tensor normed = activation(BATCH, TOKENS, DIM);
    Tensor ones = numbers(0.1f, DIM);
    operations.add(Norm.of(Norm.Kind.RMS, stream, ones, null, 1e-5f, normed));
    mix(stream, normed);
    Tensor convolved = activation(BATCH, TOKENS, DIM);
    operations.add(
        Conv2d.of(
            normed,
            new Grid(1, TOKENS),
            weight(type, DIM, DIM),
            numbers(0.15f, DIM),
            Kernel.square(1, 1, 0),
            Linear.Activation.NONE,
            convolved));
    operations.add(
        new Linear(
            Columns.of(normed),
            weight(type, DIM, DIM),
            numbers(0.25f, DIM),
            0.5f,
            Linear.Activation.SILU,
            Columns.of(convolved)));
    operations.add(
        new GatedLinear(
            Columns.of(normed),
            weight(type, DIM, DIM),
            numbers(0.35f, DIM),
            Columns.of(convolved)));
    attend(stream, convolved);
    operations.add(new Rotary(stream, numbers(0.2f, 4, DIM), numbers(0.3f, 4, DIM), 1, stream));
    Tensor pooled = device.allocate(arena, DType.F32, Shape.of(BATCH, DIM));
    operations.add(new Pool(Pool.Kind.MEAN, stream, 0, TOKENS, 1, pooled));
    Tensor logits = device.allocate(arena, DType.F32, Shape.of(BATCH, 3));
    operations.add(Linear.of(pooled, weight(DType.F32, 3, DIM), numbers(0.4f, 3), 0, logits));
    answer = device.staging(arena, logits);
    if (answer != logits) {
      operations.add(new Copy(logits, answer));
    }
  }

  private Tensor embed(Tensor image) {
    Tensor stream = device.allocate(arena, DType.F32, Shape.of(BATCH, TOKENS, DIM));
    operations.add(
        new PatchEmbedding(
            image,
            null,
            weight(type, DIM, 3 * 2 * 2),
            numbers(0.5f, DIM),
            numbers(0.6f, TOKENS, DIM),
            numbers(0.7f, 1, DIM),
            PatchEmbedding.ClassIndex.of(2),
            2,
            2,
            stream));
    return stream;
  }

  private void mix(Tensor stream, Tensor normed) {
    Tensor x = activation(BATCH, TOKENS, INNER);
    Tensor gate = activation(BATCH, TOKENS, INNER);
    operations.add(Linear.of(normed, weight(type, INNER, DIM), numbers(0.8f, INNER), 0, x));
    operations.add(Linear.of(normed, weight(type, INNER, DIM), null, 0, gate));
    Tensor u = activation(BATCH, TOKENS, INNER);
    operations.add(
        CausalConv.of(
            Columns.of(x),
            new CausalConv.Direction(numbers(0.9f, 4, INNER), numbers(1.0f, INNER), u),
            null));
    Tensor projected =
        device.allocate(arena, DType.F32, Shape.of(BATCH, TOKENS, RANK + 2 * STATES));
    operations.add(Linear.of(u, weight(type, RANK + 2 * STATES, INNER), null, 0, projected));
    Tensor scanned = activation(BATCH, TOKENS, INNER);
    SelectiveScan.Direction direction =
        new SelectiveScan.Direction(
            u,
            projected,
            numbers(1.1f, RANK, INNER),
            numbers(1.2f, INNER),
            negative(STATES, INNER),
            numbers(1.3f, INNER),
            null,
            null,
            null);
    operations.add(
        new SelectiveScan(direction, direction, Columns.of(gate), 0.5f, null, 0, false, scanned));
    operations.add(Linear.of(scanned, weight(type, DIM, INNER), null, 1, stream));
  }

  private void attend(Tensor stream, Tensor normed) {
    Tensor rows = activation(BATCH, TOKENS, 3 * DIM);
    operations.add(
        new Linear(
            Columns.of(normed),
            weight(type, 3 * DIM, DIM),
            numbers(1.4f, 3 * DIM),
            0,
            Linear.Activation.GELU,
            Columns.of(rows)));
    Tensor attended = activation(BATCH, TOKENS, DIM);
    operations.add(Attention.of(rows, 2, attended, null));
    operations.add(Linear.of(attended, weight(type, DIM, DIM), null, 1, stream));
  }

  private Tensor activation(long... sizes) {
    return device.allocate(arena, type, Shape.of(sizes));
  }

  private static float[] values(Shape shape, float phase) {
    float[] values = new float[Math.toIntExact(shape.elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) Math.sin(i + 10 * phase);
    }
    return values;
  }

  private Tensor numbers(float phase, long... sizes) {
    Shape shape = Shape.of(sizes);
    return device.upload(arena, shape, values(shape, phase));
  }

  private Tensor negative(long... sizes) {
    Shape shape = Shape.of(sizes);
    float[] values = values(shape, 0);
    for (int i = 0; i < values.length; i++) {
      values[i] = -Math.abs(values[i]);
    }
    return device.upload(arena, shape, values);
  }

  private PackedMatrix weight(DType dtype, long columns, long depth) {
    try (Arena local = Arena.ofConfined()) {
      Shape shape = Shape.of(columns, depth);
      Tensor matrix = Tensor.of(local, shape, values(shape, 0.05f * columns));
      return device.pack(arena, MatrixSource.of(matrix), dtype);
    }
  }

  List<Operation> operations() {
    return operations;
  }

  /** Runs a plan of it on other pixels than the last time. */
  float[] run(Plan plan, float phase) {
    pixels.copyFrom(values(pixels.shape(), phase));
    plan.run();
    return answer.toFloats();
  }

  Tensor pixels() {
    return pixels;
  }

  Tensor answer() {
    return answer;
  }
}
