package io.panamba.runtime;

import io.panamba.runtime.internal.cpu.CpuDevice;
import io.panamba.runtime.internal.cuda.CudaDevice;
import io.panamba.runtime.internal.cuda.CudaLibraries;
import io.panamba.runtime.operation.Copy;
import io.panamba.runtime.operation.Operation;
import java.lang.foreign.Arena;
import java.util.List;

/**
 * Where networks run. A device may be shared by any number of threads and plans. Close it after the
 * plans that use it.
 */
public sealed interface Device extends AutoCloseable permits CpuDevice, CudaDevice {
  /**
   * Opens the processor with as many threads as it has for this process.
   *
   * @return the device
   * @throws LibraryException if the native library can't be loaded
   */
  static Device cpu() {
    return cpu(Runtime.getRuntime().availableProcessors());
  }

  /**
   * Opens the processor.
   *
   * @param threads of a run, the calling one included; 1 starts no other
   * @return the device
   * @throws IllegalArgumentException if the number of threads is not in 1 to 1024
   * @throws LibraryException if the native library can't be loaded
   */
  static Device cpu(int threads) {
    return new CpuDevice(threads);
  }

  /**
   * Opens an NVIDIA GPU. What NVIDIA's libraries need is looked for now, as {@link CudaInfo} says,
   * and not before. A thread that uses the device has it as its current CUDA device afterwards.
   *
   * @param ordinal the GPU's number among those that CUDA shows this process, from 0
   * @return the device
   * @throws LibraryException if there is no driver, or if a library can't be loaded
   * @throws CudaException if there is no such GPU, or if it can't be used
   */
  static Device cuda(int ordinal) {
    return new CudaDevice(CudaLibraries.api(), ordinal);
  }

  /**
   * Describes the device in a few words.
   *
   * @return such as {@code cpu (avx512, 2 threads)} or {@code cuda:0 (NVIDIA H200, sm_90)}
   */
  String description();

  /**
   * Returns the kind of device.
   *
   * @return {@code cpu} or {@code cuda}
   */
  String kind();

  /**
   * Returns the instruction-set tier in use, or a GPU's architecture.
   *
   * @return such as {@code avx512} or {@code sm_90}
   */
  String tier();

  /**
   * Returns how many threads of the processor a run uses.
   *
   * @return at least 1
   */
  int threads();

  /**
   * Tells whether operations work in memory of the device's own, out of the host's reach: tensors
   * then cross by copies, and the device is fastest on whole batches and sequences. Otherwise they
   * work in the host's memory, and nothing is copied.
   *
   * @return true for a GPU
   */
  boolean hasOwnMemory();

  /**
   * Allocates a tensor of zeros for operations on this device.
   *
   * @param owner the owner of the memory; on a GPU, closing it waits for the end of what runs there
   * @param dtype the element type
   * @param shape the shape
   * @return the tensor
   */
  Tensor allocate(Arena owner, DType dtype, Shape shape);

  /**
   * Returns the tensor through which the host writes or reads one of this device: the tensor itself
   * where operations work in the host's memory, and otherwise new memory of the host that the
   * device copies from and to directly, by {@link #copy} or, in a plan, {@link Copy}.
   *
   * @param owner the owner of new memory
   * @param tensor of {@link #allocate}
   * @return a tensor of the same type and shape that the host can reach
   */
  Tensor staging(Arena owner, Tensor tensor);

  /**
   * Copies a tensor now, unless both are one. At most one of them lies in a GPU's memory.
   *
   * @param from what is read
   * @param to a tensor of the same type and shape
   * @throws ShapeException if types, shapes or devices don't fit
   */
  void copy(Tensor from, Tensor to);

  /**
   * Allocates a float32 tensor with the given elements.
   *
   * @param owner the owner of the memory
   * @param shape the shape
   * @param values the elements, last axis fastest
   * @return the tensor
   * @throws ShapeException if the number of values is not that of the shape
   */
  default Tensor upload(Arena owner, Shape shape, float... values) {
    Tensor tensor = allocate(owner, DType.F32, shape);
    try (Arena local = Arena.ofConfined()) {
      Tensor host = hasOwnMemory() ? Tensor.allocate(local, DType.F32, shape) : tensor;
      host.copyFrom(values);
      copy(host, tensor);
    }
    return tensor;
  }

  /**
   * Rearranges a weight matrix for this device.
   *
   * @param arena the owner of the packed matrix
   * @param source the matrix
   * @param dtype of the packed matrix: F32, or BF16, rounded to nearest even
   * @return the packed matrix
   * @throws IllegalStateException if the memory of the source is closed
   * @throws WrongThreadException if it belongs to another thread's confined arena
   */
  default PackedMatrix pack(Arena arena, MatrixSource source, DType dtype) {
    return pack(arena, List.of(source), dtype);
  }

  /**
   * Rearranges the matrices of a convolution's taps for this device.
   *
   * @param arena the owner of the packed matrices
   * @param sources matrices of one size, at least one
   * @param dtype of the packed matrices: F32, or BF16, rounded to nearest even
   * @return the packed matrices in their order
   * @throws ShapeException if their sizes differ
   * @throws IllegalStateException if the memory of a source is closed
   * @throws WrongThreadException if it belongs to another thread's confined arena
   */
  PackedMatrix pack(Arena arena, List<MatrixSource> sources, DType dtype);

  /**
   * Rearranges matrices of one size for this device, one behind the other in memory: the parts of a
   * linear layer, of which each is used by itself.
   *
   * @param arena the owner of the packed matrices
   * @param sources at least one
   * @param dtype of the packed matrices: F32, or BF16, rounded to nearest even
   * @return the packed matrices in their order
   * @throws ShapeException if their sizes differ
   * @throws IllegalStateException if the memory of a source is closed
   * @throws WrongThreadException if it belongs to another thread's confined arena
   */
  List<PackedMatrix> packParts(Arena arena, List<MatrixSource> sources, DType dtype);

  /**
   * Makes operations ready to run. The plan refers to their tensors and keeps their arenas from
   * closing while it runs.
   *
   * @param operations in the order in which they run
   * @return the plan
   * @throws IllegalArgumentException if the tensors come from more than six arenas, on a processor
   * @throws ShapeException if a tensor does not lie where this device's operations work
   */
  Plan plan(List<? extends Operation> operations);

  /**
   * Measures the peak of this device's multiply-adds in products.
   *
   * @param threads how many threads multiply at once
   * @param dtype of what is multiplied, F32 or BF16; sums are float32
   * @return floating-point operations a second, a multiply-add counting two
   */
  double measurePeak(int threads, DType dtype);

  /**
   * Releases the device's threads, or what is left of a GPU's memory. A second close does nothing.
   *
   * @throws IllegalStateException if a plan is running
   */
  @Override
  void close();
}
