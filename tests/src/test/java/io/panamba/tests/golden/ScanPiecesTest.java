package io.panamba.tests.golden;

import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.SelectiveScan;
import io.panamba.runtime.operation.SelectiveScan.Direction;
import io.panamba.tests.kit.Numbers;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.kit.Random;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A long sequence run in pieces, each handed the state of the one before, has the bits of one run.
 */
@OnEveryTier
class ScanPiecesTest {
  private static final long RANK = 3;

  /** One sequence's tensors; rows are sliced without a batch axis, which is 1. */
  private static final class Sequence {
    private final Arena arena;
    private final long length;
    private final long channels;
    private final long states;
    private final Tensor u;
    private final Tensor projected;
    private final Tensor gate;
    private final Tensor dtWeight;
    private final Tensor dtBias;
    private final Tensor a;
    private final Tensor d;

    Sequence(Arena arena, long length, long channels, long states) {
      this.arena = arena;
      this.length = length;
      this.channels = channels;
      this.states = states;
      SplittableRandom random = new SplittableRandom(length + channels + states);
      u = Random.tensor(arena, random, length, channels);
      projected = Random.tensor(arena, random, length, RANK + 2 * states);
      gate = Random.tensor(arena, random, length, channels);
      dtWeight = Random.tensor(arena, random, RANK, channels);
      dtBias = Random.tensor(arena, random, channels);
      a = Random.tensor(arena, random, states, channels);
      float[] negative = a.toFloats();
      for (int i = 0; i < negative.length; i++) {
        negative[i] = -Math.abs(negative[i]);
      }
      a.copyFrom(negative);
      d = Random.tensor(arena, random, channels);
    }

    Tensor output() {
      return Tensor.allocate(arena, DType.F32, Shape.of(length, channels));
    }

    Tensor state() {
      return Tensor.allocate(arena, DType.F32, Shape.of(1, states, channels));
    }

    private static Tensor rows(Tensor tensor, long first, long count) {
      return tensor.slice(first, count).reshape(Shape.of(1, count, tensor.shape().size(1)));
    }

    Direction direction(long first, long count, Tensor before, Tensor after) {
      return new Direction(
          rows(u, first, count),
          rows(projected, first, count),
          dtWeight,
          dtBias,
          a,
          d,
          before,
          after,
          null);
    }

    SelectiveScan whole(Tensor out, Tensor lastForward, Tensor lastBackward) {
      return new SelectiveScan(
          direction(0, length, null, lastForward),
          direction(0, length, null, lastBackward),
          Columns.of(rows(gate, 0, length)),
          0.5f,
          null,
          0,
          false,
          rows(out, 0, length));
    }

    /** Forward pieces from the start, then backward ones from the end, which add and gate. */
    List<Operation> pieces(Tensor out, Tensor lastForward, Tensor lastBackward, long size) {
      List<Operation> operations = new ArrayList<>();
      Tensor state = null;
      for (long first = 0; first < length; first += size) {
        long count = Math.min(size, length - first);
        Tensor next = first + count == length ? lastForward : state();
        operations.add(
            new SelectiveScan(
                direction(first, count, state, next),
                null,
                null,
                1,
                null,
                0,
                false,
                rows(out, first, count)));
        state = next;
      }
      state = null;
      for (long end = length; end > 0; end -= size) {
        long first = Math.max(0, end - size);
        Tensor next = first == 0 ? lastBackward : state();
        operations.add(
            new SelectiveScan(
                null,
                direction(first, end - first, state, next),
                Columns.of(rows(gate, first, end - first)),
                0.5f,
                null,
                0,
                true,
                rows(out, first, end - first)));
        state = next;
      }
      return operations;
    }
  }

  private static void run(List<? extends Operation> operations) {
    try (Device device = Device.cpu(2);
        Plan plan = device.plan(operations)) {
      plan.run();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "2, 1, 16, 1",
    "17, 16, 16, 5",
    "40, 37, 16, 7",
    "40, 64, 16, 39",
    "33, 37, 5, 8",
    "9, 3, 64, 2"
  })
  void bitsOfTheWhole(long length, long channels, long states, long size) {
    try (Arena arena = Arena.ofConfined()) {
      Sequence sequence = new Sequence(arena, length, channels, states);
      Tensor whole = sequence.output();
      Tensor wholeForward = sequence.state();
      Tensor wholeBackward = sequence.state();
      run(List.of(sequence.whole(whole, wholeForward, wholeBackward)));
      Tensor pieces = sequence.output();
      Tensor lastForward = sequence.state();
      Tensor lastBackward = sequence.state();
      run(sequence.pieces(pieces, lastForward, lastBackward, size));
      Numbers.assertSameBits("out", pieces, whole);
      Numbers.assertSameBits("forward state", lastForward, wholeForward);
      Numbers.assertSameBits("backward state", lastBackward, wholeBackward);
    }
  }
}
