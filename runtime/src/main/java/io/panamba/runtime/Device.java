package io.panamba.runtime;

import java.lang.foreign.Arena;
import java.util.List;

/**
 * Where networks run. A device may be shared by any number of threads and plans. Close it after the
 * plans that use it.
 */
public sealed interface Device extends AutoCloseable permits CpuDevice {
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
   * Describes the device in a few words.
   *
   * @return such as {@code cpu (avx512, 2 threads)}
   */
  String description();

  /**
   * Returns the kind of device.
   *
   * @return {@code cpu}
   */
  String kind();

  /**
   * Returns the instruction-set tier in use.
   *
   * @return such as {@code avx512}
   */
  String tier();

  /**
   * Returns how many threads a run uses.
   *
   * @return at least 1
   */
  int threads();

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
  PackedMatrix pack(Arena arena, MatrixSource source, DType dtype);

  /**
   * Makes operations ready to run. The plan refers to their tensors and keeps their arenas from
   * closing while it runs.
   *
   * @param operations in the order in which they run
   * @return the plan
   * @throws IllegalArgumentException if the tensors come from more than six arenas
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
   * Releases the device's threads. A second close does nothing.
   *
   * @throws IllegalStateException if a plan is running
   */
  @Override
  void close();
}
