package io.panamba.runtime.internal.struct;

import io.panamba.runtime.Device;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.ShapeException;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Memory;
import io.panamba.runtime.operation.Columns;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The memory that the structs of a plan name. Structs hold plain addresses, so that who runs them
 * has to keep the {@link #segments} open.
 */
public final class Addresses {
  private final Device home;
  private final List<MemorySegment> segments = new ArrayList<>();

  /**
   * Starts with none.
   *
   * @param home whose memory tensors have to be in; null for the host's
   */
  public Addresses(Device home) {
    this.home = home;
  }

  /** Every segment whose address has been asked for. */
  public List<MemorySegment> segments() {
    return segments;
  }

  public MemorySegment of(MemorySegment segment) {
    segments.add(segment);
    return segment;
  }

  /** The address of a tensor, or a null pointer for none. */
  public MemorySegment of(Tensor tensor) {
    if (tensor == null) {
      return MemorySegment.NULL;
    }
    if (Memory.home(tensor) != home) {
      throw elsewhere(tensor);
    }
    return of(Memory.of(tensor));
  }

  public MemorySegment of(PackedMatrix matrix) {
    if (Memory.home(matrix) != home) {
      throw new ShapeException(
          "%s was packed for %s; this plan is for %s"
              .formatted(matrix, name(Memory.home(matrix)), name(home)));
    }
    return of(Memory.of(matrix));
  }

  /** The address of the first of some columns, or a null pointer for none. */
  public MemorySegment of(Columns columns) {
    return columns == null
        ? MemorySegment.NULL
        : of(columns.tensor()).asSlice(columns.first() * columns.tensor().dtype().bytes());
  }

  /** The refusal of a tensor that another device's plans use. */
  public ShapeException elsewhere(Tensor tensor) {
    return new ShapeException(
        "%s lies in the memory of %s; this plan is for %s: take memory from its Device.allocate"
            .formatted(tensor, name(Memory.home(tensor)), name(home)));
  }

  private static String name(Device device) {
    return device == null ? "the processor" : device.toString();
  }
}
