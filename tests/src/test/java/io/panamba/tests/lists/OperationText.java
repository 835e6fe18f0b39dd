package io.panamba.tests.lists;

import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Memory;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Operation;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.RecordComponent;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.TreeMap;

/**
 * Operations as lines of text: the name of each record and its components that are there. Memory is
 * named in the order of its first appearance, a part of it with its offset in bytes, so that the
 * lines tell what each operation hands to which other; type and shape stand where they first
 * appear.
 */
final class OperationText {
  private record Named(String name, long bytes) {}

  private final TreeMap<Long, Named> memory = new TreeMap<>();
  private final Map<String, String> descriptions = new HashMap<>();
  private int names;

  private OperationText() {}

  /**
   * Writes a program.
   *
   * @param operations in their order
   * @return a line for each
   */
  public static List<String> lines(List<Operation> operations) {
    OperationText text = new OperationText();
    return operations.stream().map(operation -> text.value((Record) operation)).toList();
  }

  private String value(Object value) {
    return switch (value) {
      case Tensor tensor -> named(Memory.of(tensor), tensor);
      case PackedMatrix matrix -> named(Memory.of(matrix), matrix);
      case MemorySegment segment -> name(segment);
      case Columns columns ->
          "%s[%d+%d]".formatted(value(columns.tensor()), columns.first(), columns.count());
      case Record record -> record(record);
      default -> compact(value);
    };
  }

  private static String compact(Object value) {
    return value.toString().replace(" ", "");
  }

  private String record(Record record) {
    StringJoiner text = new StringJoiner(" ", record.getClass().getSimpleName() + "{", "}");
    for (RecordComponent component : record.getClass().getRecordComponents()) {
      try {
        Object value = component.getAccessor().invoke(record);
        if (value != null) {
          text.add(component.getName() + "=" + value(value));
        }
      } catch (ReflectiveOperationException e) {
        throw new LinkageError("a component of " + record.getClass(), e);
      }
    }
    return text.toString();
  }

  private String named(MemorySegment segment, Object described) {
    String name = name(segment);
    String text = compact(described);
    return text.equals(descriptions.put(name, text)) ? name : name + ":" + text;
  }

  private String name(MemorySegment segment) {
    long address = segment.address();
    long bytes = segment.byteSize();
    Map.Entry<Long, Named> below = memory.floorEntry(address);
    if (below != null && address + bytes <= below.getKey() + below.getValue().bytes()) {
      long offset = address - below.getKey();
      return offset == 0 ? below.getValue().name() : below.getValue().name() + "+" + offset;
    }
    String name = "m" + names++;
    memory.put(address, new Named(name, bytes));
    return name;
  }
}
