package io.panamba.model.checkpoint;

import java.util.ArrayList;
import java.util.List;

/**
 * What a pickle may hold, as data. Names of classes and functions are text here; nothing is looked
 * up, created or called.
 */
final class Pickle {
  private Pickle() {}

  /** Python's None. */
  enum None {
    INSTANCE
  }

  /** The bottom of a group of arguments on the stack. */
  enum Mark {
    INSTANCE
  }

  /** A class or function by name. */
  record Global(String module, String name) {
    boolean is(String otherModule, String otherName) {
      return module.equals(otherModule) && name.equals(otherName);
    }
  }

  /** A tuple; its elements may be anything. */
  record Tuple(List<Object> items) {
    Object get(int index) {
      return index < items.size() ? items.get(index) : None.INSTANCE;
    }

    long number(int index) {
      return get(index) instanceof Long number ? number : -1;
    }
  }

  /** A list. Identity, not content, tells two apart: a pickle may put a list into itself. */
  static final class Sequence {
    final List<Object> items = new ArrayList<>(0);
  }

  /** A dictionary in the order of insertion. Keys may be anything; text is what is looked for. */
  static final class Dictionary {
    record Entry(Object key, Object value) {}

    final List<Entry> entries = new ArrayList<>(0);

    Object find(String key) {
      for (int i = entries.size() - 1; i >= 0; i--) {
        if (key.equals(entries.get(i).key())) {
          return entries.get(i).value();
        }
      }
      return null;
    }
  }

  /** What a call or a class that is not known here would have made. */
  static final class Opaque {}

  /** A block of a file's bytes that tensors are views of. */
  record Storage(String type, String key, long elements, long viewOffset) {}

  /** A view of a storage. The type of its elements is a storage's class or a dtype by name. */
  record View(Storage storage, String type, long offset, List<Long> sizes, List<Long> strides) {
    static long[] array(List<Long> numbers) {
      return numbers.stream().mapToLong(Long::longValue).toArray();
    }
  }
}
