package io.panamba.model.checkpoint;

import io.panamba.model.checkpoint.Pickle.Dictionary;
import io.panamba.model.checkpoint.Pickle.Global;
import io.panamba.model.checkpoint.Pickle.Mark;
import io.panamba.model.checkpoint.Pickle.None;
import io.panamba.model.checkpoint.Pickle.Opaque;
import io.panamba.model.checkpoint.Pickle.Sequence;
import io.panamba.model.checkpoint.Pickle.Tuple;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Python's pickle machine (protocols 0 to 5) with its hands tied: it builds lists, dictionaries,
 * numbers, text and PyTorch's tensor views, and takes any other call for an opaque value. An opcode
 * makes at most one object, and moves what others have made: work and memory are bounded by their
 * number. Those that copy, as a dictionary made of a list, have as many copies as they have bytes
 * before them.
 */
final class PickleReader {
  private final Cursor cursor;
  private final List<Object> stack = new ArrayList<>();
  private final Map<Long, Object> memo = new HashMap<>();

  private final long start;

  /** Items that were copied. */
  private long copies;

  private PickleReader(Cursor cursor) {
    this.cursor = cursor;
    start = cursor.position();
  }

  /**
   * Reads one pickle and leaves the cursor behind it. All pickles of a cursor together are bounded.
   */
  static Object read(Cursor cursor) {
    return new PickleReader(cursor).run();
  }

  private Object run() {
    for (int count = 0; count < Limits.PICKLE_OPCODES; count++) {
      if (cursor.position() > Limits.PICKLE_BYTES) {
        throw cursor.failure("the pickle has more than %d bytes".formatted(Limits.PICKLE_BYTES));
      }
      int opcode = cursor.u8();
      if (opcode == '.') {
        return pop();
      }
      if (!constant(opcode) && !container(opcode) && !memory(opcode) && !call(opcode)) {
        throw cursor.failure("the pickle has an unknown opcode 0x%02x".formatted(opcode));
      }
    }
    throw cursor.failure("the pickle has more than %d opcodes".formatted(Limits.PICKLE_OPCODES));
  }

  private void push(Object value) {
    stack.add(value);
  }

  private Object pop() {
    if (stack.isEmpty()) {
      throw cursor.failure("the pickle takes from an empty stack");
    }
    return stack.removeLast();
  }

  private Object top() {
    if (stack.isEmpty()) {
      throw cursor.failure("the pickle looks at an empty stack");
    }
    return stack.getLast();
  }

  private List<Object> popMarked() {
    List<Object> items = new ArrayList<>();
    Object item = pop();
    while (item != Mark.INSTANCE) {
      items.add(item);
      item = pop();
    }
    return items.reversed();
  }

  private boolean constant(int opcode) {
    switch (opcode) {
      case 'N' -> push(None.INSTANCE);
      case 0x88 -> push(true);
      case 0x89 -> push(false);
      case 'J' -> push((long) cursor.i32());
      case 'K' -> push((long) cursor.u8());
      case 'M' -> push((long) cursor.u16());
      case 'I', 'L' -> push(decimal(cursor.line(Limits.NUMBER_BYTES)));
      case 0x8a -> push(integer(cursor.u8()));
      case 0x8b -> push(integer(cursor.u32()));
      case 'F' -> push(floating(cursor.line(Limits.NUMBER_BYTES)));
      case 'G' -> push(Double.longBitsToDouble(Long.reverseBytes(cursor.i64())));
      case 'X', 'T', 'B' -> push(cursor.text(cursor.u32(), Limits.TEXT_BYTES));
      case 'U', 0x8c, 'C' -> push(cursor.text(cursor.u8(), Limits.TEXT_BYTES));
      case 0x8d, 0x8e, 0x96 -> push(cursor.text(cursor.i64(), Limits.TEXT_BYTES));
      case 'S', 'V' -> push(cursor.line(Limits.TEXT_BYTES));
      default -> {
        return false;
      }
    }
    return true;
  }

  private Object decimal(String line) {
    switch (line) {
      case "00" -> {
        return false;
      }
      case "01" -> {
        return true;
      }
      default -> {
        String digits = line.endsWith("L") ? line.substring(0, line.length() - 1) : line;
        try {
          return small(new BigInteger(digits));
        } catch (NumberFormatException e) {
          throw cursor.failure("'%s' is no number".formatted(digits));
        }
      }
    }
  }

  private Object floating(String line) {
    try {
      return Double.valueOf(line);
    } catch (NumberFormatException e) {
      throw cursor.failure("'%s' is no number".formatted(line));
    }
  }

  private Object integer(long bytes) {
    byte[] little = cursor.array(bytes, Limits.NUMBER_BYTES);
    byte[] big = new byte[little.length + 1];
    for (int i = 0; i < little.length; i++) {
      big[big.length - 1 - i] = little[i];
    }
    big[0] = (byte) (little.length > 0 && little[little.length - 1] < 0 ? -1 : 0);
    return small(new BigInteger(big));
  }

  private static Object small(BigInteger value) {
    return value.bitLength() < Long.SIZE ? (Object) value.longValueExact() : value;
  }

  private boolean container(int opcode) {
    switch (opcode) {
      case '(' -> push(Mark.INSTANCE);
      case ')' -> push(new Tuple(List.of()));
      case 0x85 -> tuple(1);
      case 0x86 -> tuple(2);
      case 0x87 -> tuple(3);
      case 't' -> push(new Tuple(popMarked()));
      case ']' -> push(new Sequence());
      case 'l' -> append(new Sequence(), popMarked());
      case 'a' -> {
        Object item = pop();
        append(pop(), List.of(item));
      }
      case 'e', 0x90 -> {
        List<Object> items = popMarked();
        append(pop(), items);
      }
      case '}' -> push(new Dictionary());
      case 'd' -> setItems(new Dictionary(), popMarked());
      case 's' -> {
        Object value = pop();
        Object key = pop();
        setItems(pop(), List.of(key, value));
      }
      case 'u' -> {
        List<Object> items = popMarked();
        setItems(pop(), items);
      }
      case 0x8f -> push(new Sequence());
      case 0x91 -> append(new Sequence(), popMarked());
      default -> {
        return false;
      }
    }
    return true;
  }

  private void tuple(int size) {
    Object[] items = new Object[size];
    for (int i = size - 1; i >= 0; i--) {
      items[i] = pop();
    }
    push(new Tuple(List.of(items)));
  }

  /** Pushes the target back. Opaque targets swallow what is given to them. */
  private void append(Object target, List<Object> items) {
    if (target instanceof Sequence sequence) {
      sequence.items.addAll(items);
    } else if (!(target instanceof Opaque)) {
      throw cursor.failure("the pickle appends to what is no list");
    }
    push(target);
  }

  private void setItems(Object target, List<Object> items) {
    if (items.size() % 2 != 0) {
      throw cursor.failure("the pickle sets a key without a value");
    }
    if (target instanceof Dictionary dictionary) {
      for (int i = 0; i < items.size(); i += 2) {
        dictionary.entries.add(new Dictionary.Entry(items.get(i), items.get(i + 1)));
      }
    } else if (!(target instanceof Opaque)) {
      throw cursor.failure("the pickle sets an item of what is no dictionary");
    }
    push(target);
  }

  private boolean memory(int opcode) {
    switch (opcode) {
      case 0x80 -> {
        if (cursor.u8() > 5) {
          throw cursor.failure("the pickle has a protocol above 5");
        }
      }
      case 0x95 -> cursor.i64();
      case '0' -> pop();
      case '1' -> popMarked();
      case '2' -> push(top());
      case 'q' -> memorise(cursor.u8());
      case 'r' -> memorise(cursor.u32());
      case 'p' -> memorise(index());
      case 0x94 -> memorise(memo.size());
      case 'h' -> recall(cursor.u8());
      case 'j' -> recall(cursor.u32());
      case 'g' -> recall(index());
      default -> {
        return false;
      }
    }
    return true;
  }

  private long index() {
    return decimal(cursor.line(Limits.NUMBER_BYTES)) instanceof Long index ? index : -1;
  }

  private void memorise(long index) {
    memo.put(index, top());
    if (memo.size() > Limits.PICKLE_MEMO) {
      throw cursor.failure(
          "the pickle memorises more than %d values".formatted(Limits.PICKLE_MEMO));
    }
  }

  private void recall(long index) {
    Object value = memo.get(index);
    if (value == null) {
      throw cursor.failure("the pickle recalls what it has not memorised");
    }
    push(value);
  }

  private boolean call(int opcode) {
    switch (opcode) {
      case 'c' -> push(new Global(cursor.line(Limits.TEXT_BYTES), cursor.line(Limits.TEXT_BYTES)));
      case 0x93 -> {
        Object name = pop();
        Object module = pop();
        push(
            module instanceof String m && name instanceof String n
                ? new Global(m, n)
                : new Opaque());
      }
      case 'R' -> {
        Object arguments = pop();
        push(reduce(pop(), arguments));
      }
      // State set on an object, such as OrderedDict's _metadata: left out.
      case 'b' -> pop();
      case 0x81 -> {
        pop();
        pop();
        push(new Opaque());
      }
      case 0x92 -> {
        pop();
        pop();
        pop();
        push(new Opaque());
      }
      case 'i' -> {
        cursor.line(Limits.TEXT_BYTES);
        cursor.line(Limits.TEXT_BYTES);
        popMarked();
        push(new Opaque());
      }
      case 'o' -> {
        popMarked();
        push(new Opaque());
      }
      case 0x82 -> extension(1);
      case 0x83 -> extension(2);
      case 0x84 -> extension(4);
      case 'P' -> {
        cursor.line(Limits.TEXT_BYTES);
        push(new Opaque());
      }
      case 'Q' -> push(storage(pop()));
      default -> {
        return false;
      }
    }
    return true;
  }

  private void extension(int bytes) {
    cursor.slice(bytes);
    push(new Opaque());
  }

  /** The few calls that a state dict is made of; every other one gives an opaque value. */
  private Object reduce(Object callable, Object arguments) {
    if (!(callable instanceof Global global) || !(arguments instanceof Tuple tuple)) {
      return new Opaque();
    }
    if (global.is("collections", "OrderedDict")) {
      return orderedDictionary(tuple.get(0));
    }
    if (global.module().equals("torch._utils")) {
      return switch (global.name()) {
        case "_rebuild_tensor", "_rebuild_tensor_v2" -> view(tuple, null, tuple.get(6));
        case "_rebuild_tensor_v3" -> view(tuple, tuple.get(6), tuple.get(7));
        case "_rebuild_parameter", "_rebuild_parameter_with_state" -> tuple.get(0);
        default -> new Opaque();
      };
    }
    // A subclass of Tensor: the function that it is made with, its class, arguments and attributes.
    if (global.is("torch._tensor", "_rebuild_from_type_v2")) {
      return tuple.get(0) instanceof Global made && !made.is("torch._tensor", global.name())
          ? reduce(made, tuple.get(2))
          : new Opaque();
    }
    return new Opaque();
  }

  private Object orderedDictionary(Object pairs) {
    Dictionary dictionary = new Dictionary();
    if (pairs instanceof Sequence sequence) {
      spend(sequence.items.size());
      for (Object item : sequence.items) {
        Object key = None.INSTANCE;
        Object value = None.INSTANCE;
        if (item instanceof Tuple pair) {
          key = pair.get(0);
          value = pair.get(1);
        } else if (item instanceof Sequence pair && pair.items.size() == 2) {
          key = pair.items.get(0);
          value = pair.items.get(1);
        }
        dictionary.entries.add(new Dictionary.Entry(key, value));
      }
    }
    return dictionary;
  }

  /** Counts items that are copied from where the pickle can refer to them again. */
  private void spend(int items) {
    copies += items;
    if (copies > cursor.position() - start) {
      throw cursor.failure("the pickle copies more items than it has bytes");
    }
  }

  /**
   * A view of a storage; version 3 names the element type apart, as the storage is of plain bytes.
   * A view that is marked as negated or conjugated has other elements than its storage.
   */
  private Object view(Tuple arguments, Object dtype, Object marks) {
    if (!(arguments.get(0) instanceof Pickle.Storage storage)
        || (marks instanceof Dictionary dictionary && !dictionary.entries.isEmpty())
        || (dtype != null && storage.viewOffset() != 0)) {
      return new Opaque();
    }
    String type = dtype instanceof Global named ? named.name() : storage.type();
    return new Pickle.View(
        storage, type, arguments.number(1), numbers(arguments.get(2)), numbers(arguments.get(3)));
  }

  private List<Long> numbers(Object value) {
    List<Object> items =
        value instanceof Tuple tuple
            ? tuple.items()
            : value instanceof Sequence sequence ? sequence.items : List.of(None.INSTANCE);
    if (items.size() > Limits.RANK) {
      throw cursor.failure("a tensor has %d axes".formatted(items.size()));
    }
    spend(items.size());
    List<Long> numbers = new ArrayList<>(items.size());
    for (Object item : items) {
      if (!(item instanceof Long number)) {
        throw cursor.failure("a tensor's sizes or strides are no whole numbers");
      }
      numbers.add(number);
    }
    return numbers;
  }

  /**
   * A persistent id of torch.save: ('storage', type, key, location, elements [, view]), the view
   * being (key, offset, size) or None.
   */
  private Object storage(Object id) {
    if (id instanceof Tuple tuple
        && "storage".equals(tuple.get(0))
        && tuple.get(1) instanceof Global type
        && tuple.get(2) instanceof String key) {
      long viewOffset = tuple.get(5) instanceof Tuple view ? view.number(1) : 0;
      return new Pickle.Storage(type.name(), key, tuple.number(4), viewOffset);
    }
    return new Opaque();
  }
}
