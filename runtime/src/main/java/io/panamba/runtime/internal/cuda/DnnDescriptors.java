package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.cudnn_h;
import io.panamba.runtime.DType;
import io.panamba.runtime.ShapeException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Makes the descriptors of cuDNN's graph interface: opaque, filled attribute by attribute, and
 * finished before they are used. They live until the cleanups run.
 */
final class DnnDescriptors {
  private static final System.Logger LOG = System.getLogger("io.panamba.runtime");

  /** What kernels read at once at most, in bytes. */
  static final int ALIGNMENT = 16;

  private final DnnApi api;
  private final Cleanups cleanups;

  DnnDescriptors(DnnApi api, Cleanups cleanups) {
    this.api = api;
    this.cleanups = cleanups;
  }

  /** Makes a descriptor, empty. */
  MemorySegment create(int kind) throws DnnRefusal {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment result = local.allocate(ValueLayout.ADDRESS);
      check(api.createBackendDescriptor(result, kind));
      MemorySegment descriptor = result.get(ValueLayout.ADDRESS, 0);
      cleanups.add(() -> destroy(descriptor));
      return descriptor;
    }
  }

  /** Nobody could do anything about a failure. */
  private void destroy(MemorySegment descriptor) {
    int status = api.destroyBackendDescriptor(descriptor);
    if (status != cudnn_h.CUDNN_STATUS_SUCCESS()) {
      LOG.log(
          System.Logger.Level.DEBUG, () -> "releasing a descriptor of cuDNN gave status " + status);
    }
  }

  void finish(MemorySegment descriptor) throws DnnRefusal {
    check(api.finish(descriptor));
  }

  private void check(int status) throws DnnRefusal {
    if (status != cudnn_h.CUDNN_STATUS_SUCCESS()) {
      throw new DnnRefusal(status, api.errorName(status), api.errorText());
    }
  }

  private void set(
      MemorySegment descriptor, int attribute, int type, long count, MemorySegment values)
      throws DnnRefusal {
    check(api.setAttribute(descriptor, attribute, type, count, values));
  }

  /** Sets a number of an enumeration. */
  void setCode(MemorySegment descriptor, int attribute, int type, int value) throws DnnRefusal {
    try (Arena local = Arena.ofConfined()) {
      set(descriptor, attribute, type, 1, local.allocateFrom(ValueLayout.JAVA_INT, value));
    }
  }

  void setNumbers(MemorySegment descriptor, int attribute, long... values) throws DnnRefusal {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment array = local.allocateFrom(ValueLayout.JAVA_LONG, values);
      set(descriptor, attribute, cudnn_h.CUDNN_TYPE_INT64(), values.length, array);
    }
  }

  void setFloat(MemorySegment descriptor, int attribute, float value) throws DnnRefusal {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment number = local.allocateFrom(ValueLayout.JAVA_FLOAT, value);
      set(descriptor, attribute, cudnn_h.CUDNN_TYPE_FLOAT(), 1, number);
    }
  }

  private void setFlag(MemorySegment descriptor, int attribute) throws DnnRefusal {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment one = local.allocateFrom(ValueLayout.JAVA_BYTE, (byte) 1);
      set(descriptor, attribute, cudnn_h.CUDNN_TYPE_BOOLEAN(), 1, one);
    }
  }

  /** Sets a text, which is counted with its final zero. */
  void setText(MemorySegment descriptor, int attribute, String text) throws DnnRefusal {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment characters = local.allocateFrom(text);
      set(descriptor, attribute, cudnn_h.CUDNN_TYPE_CHAR(), characters.byteSize(), characters);
    }
  }

  void setDescriptors(MemorySegment descriptor, int attribute, MemorySegment... values)
      throws DnnRefusal {
    setPointers(descriptor, attribute, cudnn_h.CUDNN_TYPE_BACKEND_DESCRIPTOR(), values);
  }

  /** Sets handles, descriptors, or addresses of the GPU's memory. */
  void setPointers(MemorySegment descriptor, int attribute, int type, MemorySegment... values)
      throws DnnRefusal {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment array = local.allocate(ValueLayout.ADDRESS, values.length);
      for (int i = 0; i < values.length; i++) {
        array.setAtIndex(ValueLayout.ADDRESS, i, values[i]);
      }
      set(descriptor, attribute, type, values.length, array);
    }
  }

  long number(MemorySegment descriptor, int attribute) throws DnnRefusal {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment value = local.allocate(ValueLayout.JAVA_LONG);
      count(descriptor, attribute, cudnn_h.CUDNN_TYPE_INT64(), 1, value);
      return value.get(ValueLayout.JAVA_LONG, 0);
    }
  }

  /** Numbers of an enumeration, as many as there are, at most {@code most}. */
  int[] codes(MemorySegment descriptor, int attribute, int type, int most) throws DnnRefusal {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment values = local.allocate(ValueLayout.JAVA_INT, most);
      int count = Math.min(most, count(descriptor, attribute, type, most, values));
      return values
          .asSlice(0, count * ValueLayout.JAVA_INT.byteSize())
          .toArray(ValueLayout.JAVA_INT);
    }
  }

  /** How many descriptors there are, of an attribute that tells. */
  int count(MemorySegment descriptor, int attribute) throws DnnRefusal {
    int type = cudnn_h.CUDNN_TYPE_BACKEND_DESCRIPTOR();
    return count(descriptor, attribute, type, 0, MemorySegment.NULL);
  }

  /** Descriptors of a kind, as many as there are, at most {@code most}. */
  MemorySegment[] descriptors(MemorySegment descriptor, int attribute, int kind, int most)
      throws DnnRefusal {
    int type = cudnn_h.CUDNN_TYPE_BACKEND_DESCRIPTOR();
    try (Arena local = Arena.ofConfined()) {
      MemorySegment[] found = new MemorySegment[most];
      MemorySegment values = local.allocate(ValueLayout.ADDRESS, most);
      for (int i = 0; i < most; i++) {
        found[i] = create(kind);
        values.setAtIndex(ValueLayout.ADDRESS, i, found[i]);
      }
      int count = count(descriptor, attribute, type, most, values);
      return Arrays.copyOf(found, Math.min(count, most));
    }
  }

  /** Reads as many as are asked for; returns how many there are. */
  private int count(
      MemorySegment descriptor, int attribute, int type, int most, MemorySegment values)
      throws DnnRefusal {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment count = local.allocate(ValueLayout.JAVA_LONG);
      check(api.getAttribute(descriptor, attribute, type, most, count, values));
      return Math.toIntExact(count.get(ValueLayout.JAVA_LONG, 0));
    }
  }

  static int type(DType dtype) {
    return switch (dtype) {
      case F32 -> cudnn_h.CUDNN_DATA_FLOAT();
      case BF16 -> cudnn_h.CUDNN_DATA_BFLOAT16();
      default -> throw new ShapeException("cuDNN is given F32 and BF16, not " + dtype);
    };
  }

  /** A tensor in memory, known by a number. */
  MemorySegment tensor(long id, DType dtype, long[] sizes, long[] strides) throws DnnRefusal {
    MemorySegment tensor = described(id, dtype, sizes, strides);
    finish(tensor);
    return tensor;
  }

  /** What one operation hands to another without memory. */
  MemorySegment virtual(long id, long[] sizes, long[] strides) throws DnnRefusal {
    MemorySegment tensor = described(id, DType.F32, sizes, strides);
    setFlag(tensor, cudnn_h.CUDNN_ATTR_TENSOR_IS_VIRTUAL());
    finish(tensor);
    return tensor;
  }

  /** A float32 number in the host's memory, read when something is executed. */
  MemorySegment scalar(long id) throws DnnRefusal {
    long[] ones = {1, 1, 1, 1};
    MemorySegment tensor = described(id, DType.F32, ones, ones);
    setFlag(tensor, cudnn_h.CUDNN_ATTR_TENSOR_IS_BY_VALUE());
    finish(tensor);
    return tensor;
  }

  private MemorySegment described(long id, DType dtype, long[] sizes, long[] strides)
      throws DnnRefusal {
    MemorySegment tensor = create(cudnn_h.CUDNN_BACKEND_TENSOR_DESCRIPTOR());
    setCode(
        tensor, cudnn_h.CUDNN_ATTR_TENSOR_DATA_TYPE(), cudnn_h.CUDNN_TYPE_DATA_TYPE(), type(dtype));
    setNumbers(tensor, cudnn_h.CUDNN_ATTR_TENSOR_DIMENSIONS(), sizes);
    setNumbers(tensor, cudnn_h.CUDNN_ATTR_TENSOR_STRIDES(), strides);
    setNumbers(tensor, cudnn_h.CUDNN_ATTR_TENSOR_UNIQUE_ID(), id);
    setNumbers(tensor, cudnn_h.CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT(), ALIGNMENT);
    return tensor;
  }
}
