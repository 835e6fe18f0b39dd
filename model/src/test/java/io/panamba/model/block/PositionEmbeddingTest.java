package io.panamba.model.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.memory.CountingArena;
import io.panamba.model.memory.DeviceMemory;
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
import org.junit.jupiter.params.provider.CsvSource;
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
    return random((SIDE * SIDE + classToken.count()) * DIM);
  }

  private static float[] random(int count) {
    float[] rows = new float[count];
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < rows.length; i++) {
      rows[i] = random.nextFloat(-1, 1);
    }
    return rows;
  }

  private static PositionEmbedding embedding(
      float[] trained, ClassToken classToken, int height, int width, PositionInterpolation mode) {
    return new PositionEmbedding(
        trained,
        DIM,
        mode.places(classToken, SIDE * SIDE),
        mode.places(classToken, (long) height * width),
        height,
        width,
        Resampling.CLAMPED_CUBIC);
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
      PositionEmbedding embedding = embedding(trained(classToken), classToken, 7, 3, mode);
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
      PositionEmbedding embedding = embedding(trained, classToken, SIDE, SIDE, mode);
      assertThat(write(embedding, 0, trained.length / DIM)).containsExactly(trained);
    }
  }

  /** The cubic of the definition, piece by piece. */
  private static double cubic(double a, double distance) {
    double x = Math.abs(distance);
    if (x <= 1) {
      return (a + 2) * Math.pow(x, 3) - (a + 3) * Math.pow(x, 2) + 1;
    }
    return x < 2 ? a * (Math.pow(x, 3) - 5 * Math.pow(x, 2) + 8 * x - 4) : 0;
  }

  /** How much of every place of the trained axis a new place has: as torch and Pillow define it. */
  private static double[] dense(Resampling resampling, int i, int size, int side) {
    double[] weights = new double[side];
    double scale = (double) side / size;
    double center = (i + 0.5) * scale - 0.5;
    if (resampling == Resampling.CLAMPED_CUBIC) {
      for (int place = -3; place < side + 3; place++) {
        weights[Math.clamp(place, 0, side - 1)] += cubic(-0.75, place - center);
      }
      return weights;
    }
    double sum = 0;
    for (int place = 0; place < side; place++) {
      weights[place] = cubic(-0.5, (place - center) / Math.max(1, scale));
      sum += weights[place];
    }
    for (int place = 0; place < side; place++) {
      weights[place] /= sum;
    }
    return weights;
  }

  /** Larger, smaller, far smaller, not square, one row, as many patches in another grid. */
  @ParameterizedTest
  @CsvSource({
    "9, 9", "6, 6", "3, 3", "1, 1", "2, 12", "15, 1", "16, 4", "4, 16", "8, 5", "5, 8", "21, 8"
  })
  void everyNumberIsASumOverTheTrainedGrid(int height, int width) {
    int side = 8;
    int extras = 2;
    float[] trained = random((side * side + extras) * DIM);
    for (Resampling resampling : Resampling.values()) {
      PositionEmbedding embedding =
          new PositionEmbedding(
              trained, DIM, new long[] {0, 1}, new long[] {0, 1}, height, width, resampling);
      assertThat(embedding.tokens()).isEqualTo((long) height * width + extras);
      float[] rows = write(embedding, 0, height * width + extras);
      assertThat(Arrays.copyOf(rows, extras * DIM)).isEqualTo(Arrays.copyOf(trained, extras * DIM));
      for (int y = 0; y < height; y++) {
        double[] vertical = dense(resampling, y, height, side);
        for (int x = 0; x < width; x++) {
          double[] horizontal = dense(resampling, x, width, side);
          for (int i = 0; i < DIM; i++) {
            double sum = 0;
            for (int patch = 0; patch < side * side; patch++) {
              sum +=
                  vertical[patch / side]
                      * horizontal[patch % side]
                      * trained[(patch + extras) * DIM + i];
            }
            assertThat(rows[(y * width + x + extras) * DIM + i])
                .isCloseTo((float) sum, within(1e-6f));
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void ofATrainedGridNotABitChanges(Resampling resampling) {
    float[] trained = random(9 * DIM);
    trained[7] = -0.0f;
    trained[8] = Float.MIN_VALUE;
    trained[9] = Float.MAX_VALUE;
    PositionEmbedding embedding =
        new PositionEmbedding(trained, DIM, new long[0], new long[0], 3, 3, resampling);
    assertThat(write(embedding, 0, 9)).isEqualTo(trained);
  }

  /** DeiT III: the embedding is added before there is a class token. */
  @ParameterizedTest
  @EnumSource
  void extraTokensWithoutRowsGetZeros(Resampling resampling) {
    float[] trained = random(16 * DIM);
    PositionEmbedding bare =
        new PositionEmbedding(trained, DIM, new long[0], new long[0], 3, 5, resampling);
    PositionEmbedding between =
        new PositionEmbedding(trained, DIM, new long[0], new long[] {0, 7}, 3, 5, resampling);
    assertThat(between.tokens()).isEqualTo(17);
    float[] rows = write(between, 0, 17);
    float[] zeros = new float[DIM];
    assertThat(Arrays.copyOfRange(rows, 0, DIM)).isEqualTo(zeros);
    assertThat(Arrays.copyOfRange(rows, 7 * DIM, 8 * DIM)).isEqualTo(zeros);
    assertThat(Arrays.copyOfRange(rows, DIM, 7 * DIM)).isEqualTo(write(bare, 0, 6));
    assertThat(Arrays.copyOfRange(rows, 8 * DIM, 17 * DIM)).isEqualTo(write(bare, 6, 9));
  }

  @Test
  void whatIsNoSquareGridIsRefused() {
    for (int rows : new int[] {0, 1, 3, 16}) {
      assertThatThrownBy(
              () ->
                  new PositionEmbedding(
                      new float[rows * DIM],
                      DIM,
                      new long[] {0},
                      new long[] {0},
                      2,
                      2,
                      Resampling.CLAMPED_CUBIC))
          .isInstanceOf(WeightsException.class)
          .hasMessageContaining("pos_embed has " + (rows - 1) + " rows for patches");
    }
  }

  private static SharedPositions shared() {
    float[] trained = trained(ClassToken.MIDDLE);
    return new SharedPositions(
        (height, width) ->
            embedding(trained, ClassToken.MIDDLE, height, width, PositionInterpolation.ALIGNED));
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
