package io.panamba.tests.replay;

import io.panamba.bindings.panamba_step;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Memory;
import io.panamba.runtime.internal.struct.Addresses;
import io.panamba.runtime.internal.struct.OperationStructs;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Operand;
import io.panamba.runtime.operation.Operation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Records what a plan of the processor runs: the structs that are handed to the library, and the
 * memory that they name. What steps write is recorded as a size, everything else with its contents,
 * so that the input has to be there.
 */
final class Recorder {
  /** Memory of an operand, or of several that overlap. */
  private record Part(long start, long end, long alignment, boolean written, PackedMatrix matrix) {
    boolean overlaps(Part other) {
      return start < other.end && other.start < end;
    }

    /** Both as one; packed matrices are as they are, and nobody else's. */
    Part with(Part other) {
      if (matrix != null || other.matrix != null) {
        boolean same =
            matrix != null
                && other.matrix != null
                && start == other.start
                && end == other.end
                && matrix.count() == other.matrix.count();
        if (!same) {
          throw new AssertionError("a packed matrix shares memory with others");
        }
      }
      return new Part(
          Math.min(start, other.start),
          Math.max(end, other.end),
          Math.max(alignment, other.alignment),
          written || other.written,
          matrix);
    }
  }

  /** A tensor, and what it should hold in the end. */
  record Expected(String name, Tensor tensor, float[] numbers) {}

  private final Device device;

  /** By their addresses, without overlap; the index is the region's number. */
  private final List<Part> parts;

  private Recorder(Device device, List<Part> parts) {
    this.device = device;
    this.parts = parts;
  }

  /**
   * Records operations.
   *
   * @param device of the processor, for which matrices are packed
   * @param operations in their order
   * @param bound of the errors of results
   * @param results to be compared
   * @return the recording
   * @throws AssertionError if a struct names memory that no operand is in
   */
  static Recording record(
      Device device, List<Operation> operations, double bound, List<Expected> results) {
    Recorder recorder = new Recorder(device, parts(operations));
    return new Recording(
        bound,
        recorder.parts.stream().map(recorder::contents).toList(),
        recorder.steps(operations),
        results.stream().map(recorder::result).toList());
  }

  private Recording.Result result(Expected result) {
    MemorySegment memory = Memory.of(result.tensor);
    int region = region(memory.address(), memory.byteSize());
    return new Recording.Result(
        result.name,
        region,
        memory.address() - parts.get(region).start,
        result.tensor.dtype(),
        result.numbers);
  }

  private static List<Part> parts(List<Operation> operations) {
    List<Part> operands = new ArrayList<>();
    for (Operation operation : operations) {
      operation.reads().forEach(operand -> operands.add(part(operand, false)));
      operation.writes().forEach(operand -> operands.add(part(operand, true)));
    }
    operands.sort(Comparator.comparingLong(Part::start));
    List<Part> parts = new ArrayList<>();
    for (Part operand : operands) {
      if (!parts.isEmpty() && parts.getLast().overlaps(operand)) {
        parts.add(parts.removeLast().with(operand));
      } else {
        parts.add(operand);
      }
    }
    return parts;
  }

  private static Part part(Operand operand, boolean written) {
    return switch (operand) {
      case Tensor tensor -> part(Memory.of(tensor), tensor.dtype(), written, null);
      case Columns columns -> part(columns.tensor(), written);
      case PackedMatrix matrix -> part(Memory.of(matrix), matrix.dtype(), written, matrix);
      case MatrixSource source -> part(source.data(), source.dtype(), written, null);
    };
  }

  private static Part part(
      MemorySegment memory, DType dtype, boolean written, PackedMatrix matrix) {
    long start = memory.address();
    return new Part(start, start + memory.byteSize(), dtype.bytes(), written, matrix);
  }

  /** The region in which some bytes are. */
  private int region(long address, long bytes) {
    for (int i = 0; i < parts.size(); i++) {
      if (parts.get(i).start <= address && address + bytes <= parts.get(i).end) {
        return i;
      }
    }
    throw new AssertionError("an address lies in no operand's memory");
  }

  private Recording.Region contents(Part part) {
    if (part.matrix != null) {
      if (part.written) {
        throw new AssertionError("a step packs a matrix");
      }
      return matrices(part.matrix);
    }
    long bytes = part.end - part.start;
    long whole = Math.ceilDiv(bytes, part.alignment) * part.alignment;
    if (part.written) {
      return new Recording.Space(part.alignment, whole);
    }
    if (whole != bytes) {
      throw new AssertionError("a constant ends within an element");
    }
    return new Recording.Constant(
        part.alignment,
        MemorySegment.ofAddress(part.start).reinterpret(bytes).toArray(ValueLayout.JAVA_BYTE));
  }

  private Recording.Matrices matrices(PackedMatrix matrix) {
    List<byte[]> matrices = new ArrayList<>();
    for (int i = 0; i < matrix.count(); i++) {
      matrices.add(unpacked(matrix.matrix(i)));
    }
    return new Recording.Matrices(matrix.dtype(), matrix.columns(), matrix.depth(), matrices);
  }

  /**
   * The elements (depth, columns) of a packed matrix: what a linear layer makes of the rows of the
   * unit matrix. Each is a sum of zeros and the element itself, and so exact.
   */
  private byte[] unpacked(PackedMatrix matrix) {
    long depth = matrix.depth();
    try (Arena arena = Arena.ofConfined()) {
      Tensor unit = Tensor.allocate(arena, matrix.dtype(), Shape.of(depth, depth));
      for (long i = 0; i < depth; i++) {
        long place = i * (depth + 1);
        if (matrix.dtype() == DType.F32) {
          unit.segment().setAtIndex(ValueLayout.JAVA_FLOAT, place, 1);
        } else {
          unit.segment().setAtIndex(ValueLayout.JAVA_SHORT, place, bfloat(1));
        }
      }
      Tensor out = Tensor.allocate(arena, DType.F32, Shape.of(depth, matrix.columns()));
      Operation product =
          new Linear(Columns.of(unit), matrix, null, 0, Linear.Activation.NONE, Columns.of(out));
      try (Plan plan = device.plan(List.of(product))) {
        plan.run();
      }
      if (matrix.dtype() == DType.F32) {
        return out.segment().toArray(ValueLayout.JAVA_BYTE);
      }
      float[] elements = out.toFloats();
      MemorySegment halves = arena.allocate(ValueLayout.JAVA_SHORT, elements.length);
      for (int i = 0; i < elements.length; i++) {
        halves.setAtIndex(ValueLayout.JAVA_SHORT, i, bfloat(elements[i]));
      }
      return halves.toArray(ValueLayout.JAVA_BYTE);
    }
  }

  /** A number that is one of bfloat16. */
  private static short bfloat(float number) {
    int bits = Float.floatToRawIntBits(number);
    if ((short) bits != 0) {
      throw new AssertionError(number + " is no bfloat16");
    }
    return (short) (bits >>> Short.SIZE);
  }

  private List<Recording.Step> steps(List<Operation> operations) {
    List<Recording.Step> steps = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      OperationStructs structs = new OperationStructs(arena, new Addresses(null));
      for (Operation operation : operations) {
        int count = OperationStructs.steps(operation);
        MemorySegment written = panamba_step.allocateArray(count, arena);
        structs.write(written, 0, operation);
        for (int i = 0; i < count; i++) {
          steps.add(step(panamba_step.asSlice(written, i)));
        }
      }
    }
    return steps;
  }

  private Recording.Step step(MemorySegment step) {
    int operation = panamba_step.operation(step);
    StructLayouts.Fields fields = StructLayouts.of(operation);
    MemorySegment args = panamba_step.args(step).reinterpret(fields.bytes());
    MemorySegment struct = MemorySegment.ofArray(args.toArray(ValueLayout.JAVA_BYTE));
    List<Recording.Pointer> pointers = new ArrayList<>();
    for (long place : fields.pointers()) {
      long address = args.get(ValueLayout.JAVA_LONG, place);
      if (address != 0) {
        int region = region(address, 1);
        pointers.add(new Recording.Pointer(place, region, address - parts.get(region).start));
        struct.set(ValueLayout.JAVA_LONG_UNALIGNED, place, 0);
      }
    }
    return new Recording.Step(
        operation,
        panamba_step.with_next(step) == 1,
        struct.toArray(ValueLayout.JAVA_BYTE),
        pointers);
  }
}
