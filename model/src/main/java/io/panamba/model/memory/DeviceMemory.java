package io.panamba.model.memory;

import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.util.List;

/**
 * Where a network's tensors are: in an arena that counts, if operations work in the host's memory,
 * and otherwise in the device's own, which the arena owns and counts too.
 *
 * @param device where operations run
 * @param arena the owner
 */
public record DeviceMemory(Device device, CountingArena arena) {
  /**
   * Allocates a tensor of zeros for operations.
   *
   * @param dtype the element type
   * @param sizes of its axes
   * @return the tensor
   */
  public Tensor tensor(DType dtype, long... sizes) {
    Tensor tensor = device.allocate(arena, dtype, Shape.of(sizes));
    count(tensor.shape().elements() * dtype.bytes());
    return tensor;
  }

  /**
   * Allocates a float32 tensor for operations with the given elements.
   *
   * @param shape the shape
   * @param values the elements, last axis fastest
   * @return the tensor
   */
  public Tensor of(Shape shape, float... values) {
    Tensor tensor = device.upload(arena, shape, values);
    count((long) values.length * Float.BYTES);
    return tensor;
  }

  /**
   * Rearranges a weight matrix for operations.
   *
   * @param source the matrix
   * @param dtype of the packed matrix
   * @return the packed matrix
   */
  public PackedMatrix pack(MatrixSource source, DType dtype) {
    return pack(List.of(source), dtype);
  }

  /**
   * Packs the matrices of a convolution's taps.
   *
   * @param sources of one size
   * @param dtype of the packed matrices
   * @return the packed matrices
   */
  public PackedMatrix pack(List<MatrixSource> sources, DType dtype) {
    PackedMatrix matrix = device.pack(arena, sources, dtype);
    count(matrix.byteSize());
    return matrix;
  }

  /**
   * Packs the parts of a linear layer, one behind the other.
   *
   * @param sources of one size
   * @param dtype of the packed matrices
   * @return the packed matrices in their order
   */
  public List<PackedMatrix> packParts(List<MatrixSource> sources, DType dtype) {
    List<PackedMatrix> parts = device.packParts(arena, sources, dtype);
    parts.forEach(part -> count(part.byteSize()));
    return parts;
  }

  /**
   * Returns the tensor through which the host writes or reads one of the device.
   *
   * @param tensor of this memory
   * @return the tensor itself where the host reaches it
   */
  public Tensor staging(Tensor tensor) {
    Tensor host = device.staging(arena, tensor);
    if (host != tensor) {
      count(host.segment().byteSize());
    }
    return host;
  }

  private void count(long bytes) {
    if (device.hasOwnMemory()) {
      arena.count(bytes);
    }
  }
}
