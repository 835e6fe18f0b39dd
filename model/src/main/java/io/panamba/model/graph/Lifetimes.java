package io.panamba.model.graph;

import io.panamba.model.memory.DeviceMemory;
import io.panamba.runtime.DType;
import io.panamba.runtime.Tensor;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Gives memory to buffers: those that are never used at the same time may have the same. */
final class Lifetimes {
  /** Memory that buffers of a type have one after the other. */
  private static final class Slot {
    private final List<Buffer> buffers = new ArrayList<>();
    private long elements;

    /** The last step that uses the buffer which has it now. */
    private int busy;

    void take(Buffer buffer) {
      buffers.add(buffer);
      elements = Math.max(elements, buffer.elements());
      busy = buffer.last();
    }

    /** What it would have to grow by. */
    long growth(Buffer buffer) {
      return Math.max(0, buffer.elements() - elements);
    }
  }

  private Lifetimes() {}

  /**
   * Places buffers. Each gets, of the memory that is free at its first step, that which has to grow
   * least, and of those the smallest.
   */
  static void place(List<Buffer> buffers, DeviceMemory memory) {
    List<Buffer> ordered = new ArrayList<>(buffers.size());
    for (Buffer buffer : buffers) {
      if (buffer.isWanted()) {
        ordered.add(buffer);
      }
    }
    ordered.sort((a, b) -> Integer.compare(a.first(), b.first()));
    Map<DType, List<Slot>> slots = new EnumMap<>(DType.class);
    for (Buffer buffer : ordered) {
      slot(slots.computeIfAbsent(buffer.dtype(), _ -> new ArrayList<>()), buffer).take(buffer);
    }
    slots.forEach(
        (dtype, ofType) -> {
          for (Slot slot : ofType) {
            Tensor all = memory.tensor(dtype, slot.elements);
            Tensor last = all;
            for (Buffer buffer : slot.buffers) {
              // Layer after layer has the same shapes.
              if (!last.shape().equals(buffer.shape())) {
                last = all.slice(0, buffer.elements()).reshape(buffer.shape());
              }
              buffer.place(last);
            }
          }
        });
  }

  private static Slot slot(List<Slot> slots, Buffer buffer) {
    Slot best = null;
    for (Slot slot : slots) {
      if (slot.busy < buffer.first()
          && (best == null
              || slot.growth(buffer) < best.growth(buffer)
              || (slot.growth(buffer) == best.growth(buffer) && slot.elements < best.elements))) {
        best = slot;
      }
    }
    if (best == null) {
      best = new Slot();
      slots.add(best);
    }
    return best;
  }
}
