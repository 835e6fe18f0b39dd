package io.panamba.tests.replay;

import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Resize;
import io.panamba.runtime.operation.RoiAlign;
import io.panamba.runtime.operation.WindowPool;
import io.panamba.runtime.operation.WindowPool.Windows;
import io.panamba.runtime.oracle.ScalarResize;
import io.panamba.runtime.oracle.ScalarRoiAlign;
import io.panamba.runtime.oracle.ScalarWindowPool;
import io.panamba.runtime.oracle.Values;
import io.panamba.tests.kit.Random;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Operations of heads that segment and detect as a recording. */
final class RecordedMaps {
  private static final int CHANNELS = 21;
  private static final double BOUND = 1e-5;

  private RecordedMaps() {}

  static Recording record() {
    SplittableRandom random = new SplittableRandom(1);
    try (Device device = Device.cpu(1);
        Arena arena = Arena.ofConfined()) {
      Grid grid = new Grid(5, 7);
      Grid larger = new Grid(9, 8);
      Tensor map = Random.tensor(arena, random, 1, grid.pixels(), CHANNELS);
      Tensor products = Random.tensor(arena, random, 1, grid.pixels(), 9 * CHANNELS);
      Tensor boxes =
          Tensor.of(arena, Shape.of(2, 5), new float[] {1.3f, -2, 9, 6.1f, 0, -4, 3, 2.2f, 30, 0});
      Windows windows = Windows.adaptive(3, 4);
      WindowPool pool =
          new WindowPool(
              windows,
              Columns.of(map),
              grid,
              Columns.of(zeros(arena, 1, windows.over(grid).pixels(), CHANNELS)));
      Resize resize =
          new Resize(
              Columns.of(products),
              grid,
              3,
              false,
              0,
              Linear.Activation.RELU,
              larger,
              Columns.of(zeros(arena, 1, larger.pixels(), CHANNELS)));
      RoiAlign align =
          new RoiAlign(
              List.of(new RoiAlign.Level(map, grid, 0.5f)), boxes, 3, zeros(arena, 2, 9, CHANNELS));
      int[] all = IntStream.range(0, Math.toIntExact(larger.pixels())).toArray();
      return Recorder.record(
          device,
          List.of(pool, resize, align),
          BOUND,
          List.of(
              expected("windows", pool.out().tensor(), ScalarWindowPool.out(pool)),
              expected("resized", resize.out().tensor(), ScalarResize.out(resize, null, all)),
              expected("boxes", align.out(), ScalarRoiAlign.out(align))));
    }
  }

  private static Tensor zeros(Arena arena, long... sizes) {
    return Tensor.allocate(arena, DType.F32, Shape.of(sizes));
  }

  private static Recorder.Expected expected(String name, Tensor tensor, Values values) {
    float[] numbers = new float[values.count()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = (float) values.value(i);
    }
    return new Recorder.Expected(name, tensor, numbers);
  }
}
