package io.panamba.tests.golden;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Attention;
import io.panamba.runtime.operation.AttentionGradient;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Operation;
import io.panamba.tests.kit.GoldenFiles;
import io.panamba.tests.kit.Numbers;
import io.panamba.tests.kit.OnEveryTier;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Attention and its gradient against double precision, from rows of [q | k | v]. */
@OnEveryTier
class AttentionGoldenTest {
  private static final String PREFIX = "attention_";
  private static final String SUFFIX = ".safetensors";
  private static final double BOUND = 2e-6;
  private static final double GRADIENT_BOUND = 2e-6;

  /** Weights are rounded to eight bits. */
  private static final double BFLOAT_BOUND = 1e-2;

  static List<String> names() {
    return GoldenFiles.between(PREFIX, SUFFIX);
  }

  static List<String> namesWithGradients() {
    return names().stream()
        .filter(
            name -> {
              try (Checkpoint file = open(name)) {
                return file.find("dout").isPresent();
              }
            })
        .toList();
  }

  private static Checkpoint open(String name) {
    return Checkpoint.open(GoldenFiles.path(PREFIX + name + SUFFIX));
  }

  /** What a file holds, and where the results go. */
  private static final class Case {
    final int heads;
    final Tensor qkv;
    final Tensor expected;
    final Tensor out;
    final Tensor statistics;

    Case(Checkpoint file, Arena arena) {
      Shape shape = file.find("q").orElseThrow().shape();
      heads = Math.toIntExact(shape.size(2));
      qkv =
          SelectiveScanGoldenTest.concatenate(
              arena, rows(file, "q", arena), rows(file, "k", arena), rows(file, "v", arena));
      expected = GoldenFiles.tensor(file, "out", arena);
      out = Tensor.allocate(arena, DType.F32, expected.shape());
      statistics =
          Tensor.allocate(
              arena, DType.F32, Shape.of(shape.size(0), shape.size(2), 2, shape.size(1)));
    }
  }

  /** (batch, length, heads, head dim) as (batch, length, heads * head dim). */
  private static Tensor rows(Checkpoint file, String key, Arena arena) {
    Tensor tensor = GoldenFiles.tensor(file, key, arena);
    Shape shape = tensor.shape();
    return tensor.reshape(Shape.of(shape.size(0), shape.size(1), shape.size(2) * shape.size(3)));
  }

  private static void run(Operation... operations) {
    try (Device device = Device.cpu(2);
        Plan plan = device.plan(List.of(operations))) {
      plan.run();
    }
  }

  private static Tensor toBfloat(Tensor tensor, Arena arena) {
    Tensor rounded = Tensor.allocate(arena, DType.BF16, tensor.shape());
    float[] values = tensor.toFloats();
    for (int i = 0; i < values.length; i++) {
      int bits = Float.floatToRawIntBits(values[i]);
      short half = (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
      rounded.segment().setAtIndex(ValueLayout.JAVA_SHORT, i, half);
    }
    return rounded;
  }

  private static Tensor toFloat(Tensor tensor, Arena arena) {
    float[] values = new float[Math.toIntExact(tensor.shape().elements())];
    for (int i = 0; i < values.length; i++) {
      short half = tensor.segment().getAtIndex(ValueLayout.JAVA_SHORT, i);
      values[i] = Float.intBitsToFloat(half << 16);
    }
    return Tensor.of(arena, tensor.shape(), values);
  }

  @ParameterizedTest
  @MethodSource("names")
  void forward(String name) {
    try (Checkpoint file = open(name);
        Arena arena = Arena.ofConfined()) {
      Case c = new Case(file, arena);
      run(Attention.of(c.qkv, c.heads, c.out, c.statistics));
      Numbers.assertClose("out", c.out, c.expected.toFloats(), BOUND);
      Tensor again = Tensor.allocate(arena, DType.F32, c.out.shape());
      run(Attention.of(c.qkv, c.heads, again, null));
      Numbers.assertSameBits("out without statistics", again, c.out);
    }
  }

  /** Against float32 on the rounded numbers: scores that are off by 0.4 % of 40000 say nothing. */
  @ParameterizedTest
  @MethodSource("names")
  void bfloat(String name) {
    try (Checkpoint file = open(name);
        Arena arena = Arena.ofConfined()) {
      Case c = new Case(file, arena);
      Tensor qkv = toBfloat(c.qkv, arena);
      Tensor out = Tensor.allocate(arena, DType.BF16, c.out.shape());
      run(
          Attention.of(qkv, c.heads, out, null),
          Attention.of(toFloat(qkv, arena), c.heads, c.out, null));
      Numbers.assertClose("out", toFloat(out, arena), c.out.toFloats(), BFLOAT_BOUND);
    }
  }

  @ParameterizedTest
  @MethodSource("namesWithGradients")
  void gradient(String name) {
    try (Checkpoint file = open(name);
        Arena arena = Arena.ofConfined()) {
      Case c = new Case(file, arena);
      Tensor outGradient = GoldenFiles.tensor(file, "dout", arena);
      Tensor gradient = Tensor.allocate(arena, DType.F32, c.qkv.shape());
      long width = c.out.shape().size(2);
      Attention forward = Attention.of(c.qkv, c.heads, c.out, c.statistics);
      run(
          forward,
          new AttentionGradient(
              forward,
              Columns.of(outGradient),
              new Columns(gradient, 0, width),
              new Columns(gradient, width, width),
              new Columns(gradient, 2 * width, width)));
      Tensor expected =
          SelectiveScanGoldenTest.concatenate(
              arena,
              rows(file, "grad_q", arena),
              rows(file, "grad_k", arena),
              rows(file, "grad_v", arena));
      Numbers.assertClose("gradient", gradient, expected.toFloats(), GRADIENT_BOUND);
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void anImageHasTheBitsThatItHasAlone(String name) {
    try (Checkpoint file = open(name);
        Arena arena = Arena.ofConfined()) {
      Case c = new Case(file, arena);
      run(Attention.of(c.qkv, c.heads, c.out, null));
      long batch = c.qkv.shape().size(0);
      assertThat(batch).isPositive();
      Tensor alone = Tensor.allocate(arena, DType.F32, c.out.slice(0, 1).shape());
      for (long image = 0; image < batch; image++) {
        run(Attention.of(c.qkv.slice(image, 1), c.heads, alone, null));
        Numbers.assertSameBits("image " + image, alone, c.out.slice(image, 1));
      }
    }
  }
}
