package io.panamba.model.block;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.graph.CountingArena;
import io.panamba.model.graph.DeviceMemory;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Rows of a fitted embedding, and how long one is kept. */
class PositionEmbeddingTest {
  private static Device device;

  @BeforeAll
  static void open() {
    device = Device.cpu(1);
  }

  @AfterAll
  static void close() {
    device.close();
  }

  private static final int DIM = 5;
  private static final int SIDE = 4;

  private static float[] trained(ClassToken classToken) {
    float[] rows = new float[(SIDE * SIDE + classToken.count()) * DIM];
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < rows.length; i++) {
      rows[i] = random.nextFloat(-1, 1);
    }
    return rows;
  }

  private static float[] write(PositionEmbedding embedding, long first, long count) {
    try (Arena arena = Arena.ofConfined()) {
      Tensor out = Tensor.allocate(arena, DType.F32, Shape.of(count, DIM));
      embedding.write(first, out);
      return out.toFloats();
    }
  }

  @ParameterizedTest
  @EnumSource
  void piecesHaveTheBitsOfTheWhole(ClassToken classToken) {
    for (PositionInterpolation mode : PositionInterpolation.values()) {
      PositionEmbedding embedding =
          new PositionEmbedding(trained(classToken), DIM, classToken, 7, 3, mode);
      int length = 7 * 3 + classToken.count();
      float[] whole = write(embedding, 0, length);
      for (int first = 0; first < length; first++) {
        for (int count = 1; first + count <= length; count++) {
          assertThat(write(embedding, first, count))
              .containsExactly(Arrays.copyOfRange(whole, first * DIM, (first + count) * DIM));
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void theTrainedGridStaysAsItIs(ClassToken classToken) {
    float[] trained = trained(classToken);
    for (PositionInterpolation mode : PositionInterpolation.values()) {
      PositionEmbedding embedding =
          new PositionEmbedding(trained, DIM, classToken, SIDE, SIDE, mode);
      assertThat(write(embedding, 0, trained.length / DIM)).containsExactly(trained);
    }
  }

  private static SharedPositions shared() {
    float[] trained = trained(ClassToken.MIDDLE);
    return new SharedPositions(
        (height, width) ->
            new PositionEmbedding(
                trained, DIM, ClassToken.MIDDLE, height, width, PositionInterpolation.ALIGNED));
  }

  private static DeviceMemory memory(CountingArena arena) {
    return new DeviceMemory(device, arena);
  }

  @Test
  void plansOfOneGridShareOneAndTheLastFreesIt() {
    SharedPositions positions = shared();
    CountingArena first = new CountingArena(Arena.ofConfined());
    CountingArena second = new CountingArena(Arena.ofConfined());
    Tensor lent = positions.lend(6, 6, memory(first));
    assertThat(positions.lend(6, 6, memory(second))).isSameAs(lent);
    assertThat(positions.grids()).isEqualTo(1);
    first.close();
    assertThat(positions.grids()).isEqualTo(1);
    assertThat(lent.toFloats()).hasSize(37 * DIM);
    second.close();
    assertThat(positions.grids()).isZero();
    assertThat(lent.segment().scope().isAlive()).isFalse();
  }

  @Test
  void manySizesLeaveNothing() {
    SharedPositions positions = shared();
    for (int side = 1; side < 50; side++) {
      try (CountingArena user = new CountingArena(Arena.ofConfined())) {
        assertThat(positions.lend(side, side, memory(user))).isNotNull();
        assertThat(positions.grids()).isEqualTo(1);
      }
    }
    assertThat(positions.grids()).isZero();
  }
}
