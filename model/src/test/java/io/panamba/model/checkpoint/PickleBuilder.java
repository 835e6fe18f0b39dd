package io.panamba.model.checkpoint;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Writes pickles opcode by opcode. */
final class PickleBuilder {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  PickleBuilder() {
    op(0x80).op(2);
  }

  PickleBuilder op(int... bytes) {
    for (int b : bytes) {
      out.write(b);
    }
    return this;
  }

  PickleBuilder int32(long value) {
    return op((int) value, (int) (value >> 8), (int) (value >> 16), (int) (value >> 24));
  }

  PickleBuilder text(String value) {
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    op('X').int32(bytes.length);
    out.writeBytes(bytes);
    return this;
  }

  PickleBuilder number(long value) {
    op(0x8a, 8);
    return int32(value).int32(value >> 32);
  }

  PickleBuilder global(String module, String name) {
    return named('c', module, name);
  }

  /** INST: an object of a class, its arguments above a mark on the stack. */
  PickleBuilder instance(String module, String name) {
    return named('i', module, name);
  }

  private PickleBuilder named(char opcode, String module, String name) {
    op(opcode);
    out.writeBytes((module + "\n" + name + "\n").getBytes(StandardCharsets.UTF_8));
    return this;
  }

  PickleBuilder numbers(long... values) {
    op('(');
    for (long value : values) {
      number(value);
    }
    return op('t');
  }

  /** A float32 tensor of storage {@code key}. */
  PickleBuilder tensor(
      String storageType, String key, long elements, long offset, long[] sizes, long[] strides) {
    global("torch._utils", "_rebuild_tensor_v2").op('(');
    op('(').text("storage").global("torch", storageType).text(key).text("cpu").number(elements);
    op('t', 'Q').number(offset).numbers(sizes).numbers(strides).op(0x89);
    return global("collections", "OrderedDict").op(')', 'R').op('t', 'R');
  }

  byte[] end() {
    op('.');
    return out.toByteArray();
  }
}
