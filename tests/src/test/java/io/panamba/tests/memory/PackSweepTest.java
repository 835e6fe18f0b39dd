package io.panamba.tests.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.runtime.DType;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.Pack;
import io.panamba.runtime.oracle.Values;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Packing of matrices of every element type and stride: by rows, by columns, with gaps, repeated.
 * What was packed is read back through a product with the identity. As an operation, packing
 * overwrites every element of a matrix that was packed before.
 */
@OnEveryTier
class PackSweepTest extends Sweep {
  private static final DType[] TYPES = {DType.F32, DType.F64, DType.F16, DType.BF16};
  private static final int TAPS = 4;
  private static final int[] DEPTHS = {1, 3, 17};
  private static final int[] WIDTHS = {1, 16, 37};

  /** Distances of neighbours in the source. */
  private record Strides(long column, long depth) {}

  @ParameterizedTest
  @EnumSource
  void columns(Placement placement) {
    for (int columns = 1; columns <= MAX_CHANNELS; columns++) {
      for (int depth : DEPTHS) {
        check(placement, columns, depth);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void depths(Placement placement) {
    for (int depth = 1; depth <= MAX_CHANNELS; depth++) {
      for (int columns : WIDTHS) {
        check(placement, columns, depth);
      }
    }
  }

  private static void check(Placement placement, int columns, int depth) {
    Strides[] all = {
      new Strides(depth, 1),
      new Strides(1, columns),
      new Strides(depth + 2L, 1),
      new Strides(2L * depth, 2),
      new Strides(0, 1),
      new Strides(1, 0)
    };
    int variant = columns + depth;
    for (DType type : TYPES) {
      check(placement, columns, depth, type, all[variant++ % all.length]);
    }
  }

  private static void check(
      Placement placement, int columns, int depth, DType type, Strides strides) {
    try (Guarded guarded = new Guarded(placement, columns + depth)) {
      long elements = (columns - 1) * strides.column + (depth - 1) * strides.depth + 1;
      Tensor numbers = guarded.input(elements);
      Tensor source = guarded.input(type, numbers.toFloats());
      Tensor rowScale = guarded.perhaps(depth % 2 == 0, columns);
      MatrixSource matrix =
          new MatrixSource(
              source.segment(), type, columns, depth, strides.column, strides.depth, rowScale);
      PackedMatrix packed = guarded.pack(devices.one(), matrix);
      Tensor other = guarded.input(columns, depth);
      float[] identity = new float[depth * depth];
      for (int i = 0; i < depth; i++) {
        identity[i * depth + i] = 1;
      }
      Tensor input = guarded.input(depth, depth);
      input.copyFrom(identity);
      guarded.outputsFollow();
      Tensor out = guarded.output(depth, columns);
      Tensor outAgain = guarded.output(depth, columns);
      PackedMatrix again = guarded.pack(devices.one(), MatrixSource.of(other));
      guarded.run(
          devices,
          Linear.of(input, packed, null, 0, out),
          new Pack(MatrixSource.of(other), again),
          new Pack(matrix, again),
          Linear.of(input, again, null, 0, outAgain));
      assertThat(outAgain.toFloats()).isEqualTo(out.toFloats());
      Values expected = new Values(depth * columns);
      for (int i = 0; i < expected.count(); i++) {
        int column = i % columns;
        int k = i / columns;
        double scale = rowScale == null ? 1 : rowScale.toFloats()[column];
        expected.add(i, scale * element(source, column * strides.column + k * strides.depth));
      }
      expected.assertClose(
          out.toFloats(), 0x1p-23, "%s (%d, %d) with %s".formatted(type, columns, depth, strides));
    }
  }

  /** Each of a convolution's matrices is what it is alone. */
  @ParameterizedTest
  @EnumSource
  void taps(Placement placement) {
    for (int columns : WIDTHS) {
      for (int depth : DEPTHS) {
        try (Guarded guarded = new Guarded(placement, columns + depth)) {
          Tensor weights = guarded.input(TAPS, columns, depth);
          PackedMatrix packed = guarded.packTaps(devices.one(), weights, DType.F32);
          assertThat(packed.count()).isEqualTo(TAPS);
          Tensor input = guarded.input(3, depth);
          List<Operation> layers = new ArrayList<>();
          Tensor[] outputs = new Tensor[2 * TAPS];
          for (int i = 0; i < outputs.length; i++) {
            Tensor weight = weights.slice(i / 2, 1).reshape(Shape.of(columns, depth));
            PackedMatrix alone = guarded.pack(devices.one(), MatrixSource.of(weight));
            outputs[i] = guarded.output(3, columns);
            layers.add(
                Linear.of(input, i % 2 == 0 ? alone : packed.matrix(i / 2), null, 0, outputs[i]));
          }
          guarded.run(devices, layers.toArray(Operation[]::new));
          for (int i = 0; i < outputs.length; i += 2) {
            assertThat(outputs[i + 1].toFloats()).isEqualTo(outputs[i].toFloats());
          }
          assertThatThrownBy(() -> packed.matrix(TAPS))
              .isInstanceOf(IndexOutOfBoundsException.class);
        }
      }
    }
  }

  private static double element(Tensor source, long i) {
    MemorySegment segment = source.segment();
    return switch (source.dtype()) {
      case F32 -> segment.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * i);
      case F64 -> segment.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, 8 * i);
      case F16 -> Float.float16ToFloat(segment.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2 * i));
      case BF16 -> Float.intBitsToFloat(segment.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2 * i) << 16);
      default -> throw new IllegalArgumentException(source.toString());
    };
  }
}
