package io.panamba.runtime.internal;

import io.panamba.runtime.DType;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.Shape;
import io.panamba.runtime.ShapeException;
import io.panamba.runtime.Tensor;
import java.util.List;

/** The checks that operations share. */
public final class Checks {
  private Checks() {}

  public static void require(
      boolean condition, String operation, String message, Object... arguments) {
    if (!condition) {
      throw new ShapeException(operation + ": " + message.formatted(arguments));
    }
  }

  /** Requires a float32 tensor of the given shape. */
  public static void shape(String operation, String name, Tensor tensor, long... sizes) {
    activation(operation, name, tensor, DType.F32, sizes);
  }

  /** Requires a tensor of the given type and shape. */
  public static void activation(
      String operation, String name, Tensor tensor, DType dtype, long... sizes) {
    Shape expected = Shape.of(sizes);
    if (tensor == null) {
      throw new ShapeException(
          "%s: %s is missing; expected %s%s".formatted(operation, name, dtype, expected));
    }
    require(
        tensor.dtype() == dtype && tensor.shape().equals(expected),
        operation,
        "%s is %s; expected %s%s",
        name,
        tensor,
        dtype,
        expected);
  }

  /** Tells whether activations may have this type. */
  public static boolean isActivation(DType dtype) {
    return dtype == DType.F32 || dtype == DType.BF16;
  }

  /** Requires an activation with a number of axes and returns its shape. */
  public static Shape activationRank(String operation, String name, Tensor tensor, int rank) {
    require(
        tensor != null && isActivation(tensor.dtype()) && tensor.shape().rank() == rank,
        operation,
        "%s is %s; expected F32 or BF16 with %d axes",
        name,
        tensor,
        rank);
    require(tensor.shape().elements() > 0, operation, "%s is empty: %s", name, tensor);
    return tensor.shape();
  }

  /** Requires a float32 tensor of any shape. */
  public static void float32(String operation, String name, Tensor tensor) {
    present(operation, name, tensor);
    require(tensor.dtype() == DType.F32, operation, "%s is %s; expected F32", name, tensor);
  }

  /** As {@link #shape}, of a tensor that is written. */
  public static void output(String operation, String name, Tensor tensor, long... sizes) {
    shape(operation, name, tensor, sizes);
    writable(operation, name, tensor);
  }

  public static void writable(String operation, String name, Tensor tensor) {
    require(
        !Memory.of(tensor).isReadOnly(),
        operation,
        "%s is read-only: %s; expected memory that can be written",
        name,
        tensor);
  }

  /** Requires that an output shares no memory with a tensor that is read after it is written. */
  public static void apart(String operation, String name, Tensor out, String other, Tensor tensor) {
    require(
        Memory.of(out).asOverlappingSlice(Memory.of(tensor)).isEmpty(),
        operation,
        "%s %s shares memory with %s %s; expected memory of its own",
        name,
        out,
        other,
        tensor);
  }

  /** Requires that a tensor can be copied to another. */
  public static void sameElements(Tensor from, Tensor to) {
    present("copy", "from", from);
    present("copy", "to", to);
    require(
        from.dtype() == to.dtype() && from.shape().equals(to.shape()),
        "copy",
        "from is %s, to is %s: their types or shapes differ",
        from,
        to);
    writable("copy", "to", to);
  }

  /**
   * Requires matrices of one size.
   *
   * @param bytes of one of them packed, below 0 if it can't be
   * @return the bytes
   */
  public static long packedBytes(List<MatrixSource> sources, long bytes) {
    MatrixSource first = sources.getFirst();
    for (MatrixSource source : sources) {
      require(
          source.columns() == first.columns() && source.depth() == first.depth(),
          "pack",
          "matrices of (%d, %d) and (%d, %d) differ",
          first.columns(),
          first.depth(),
          source.columns(),
          source.depth());
    }
    require(
        bytes >= 0 && bytes <= Long.MAX_VALUE / sources.size(),
        "pack",
        "a matrix of (%d, %d) is too large",
        first.columns(),
        first.depth());
    return bytes;
  }

  /** Requires that there is something to measure. */
  public static void someOperations(int count) {
    if (count == 0) {
      throw new IllegalArgumentException("no operations take no time");
    }
  }

  /** Requires (batch, colours, height, width), of float32, or of bytes and what they stand for. */
  public static Shape pixels(String operation, Tensor image, Tensor values) {
    if (values == null) {
      return rank(operation, "image", image, 4);
    }
    present(operation, "image", image);
    Shape shape = image.shape();
    require(
        image.dtype() == DType.U8 && shape.rank() == 4 && shape.elements() > 0,
        operation,
        "image is %s; expected U8 of rank 4, since there are values of its bytes",
        image);
    shape(operation, "pixelValues", values, shape.size(1), 256);
    return shape;
  }

  /** Requires what isn't optional. */
  public static void present(String operation, String name, Object value) {
    require(value != null, operation, "%s is missing", name);
  }

  /** As {@link #shape}, if there is a tensor. */
  public static void optional(String operation, String name, Tensor tensor, long... sizes) {
    if (tensor != null) {
      shape(operation, name, tensor, sizes);
    }
  }

  /** Requires a float32 tensor with a number of axes and returns its shape. */
  public static Shape rank(String operation, String name, Tensor tensor, int rank) {
    require(
        tensor != null && tensor.dtype() == DType.F32 && tensor.shape().rank() == rank,
        operation,
        "%s is %s; expected F32 with %d axes",
        name,
        tensor,
        rank);
    require(tensor.shape().elements() > 0, operation, "%s is empty: %s", name, tensor);
    return tensor.shape();
  }
}
