package io.panamba.runtime;

import io.panamba.runtime.internal.cpu.CpuPlan;
import io.panamba.runtime.internal.cuda.CudaPlan;
import java.util.OptionalDouble;

/**
 * Operations made ready to run on a device any number of times: shapes are checked, argument
 * structs are filled, nothing is allocated by a run. It reads and writes the tensors that its
 * operations name, so it belongs to one caller at a time.
 */
public sealed interface Plan extends AutoCloseable permits CpuPlan, CudaPlan {
  /**
   * Runs the operations in order and returns when their results are in memory.
   *
   * @throws CudaException if a GPU fails
   * @throws IllegalStateException if the plan, its device or the memory of one of its tensors is
   *     closed, or if another thread is running it
   * @throws WrongThreadException if a tensor belongs to another thread's confined arena
   */
  void run();

  /**
   * Runs a part of the operations, for profiling.
   *
   * @param first index of the first operation
   * @param count how many
   * @throws IndexOutOfBoundsException if there are no such operations
   * @throws IllegalStateException as {@link #run}
   */
  void run(int first, int count);

  /**
   * Tells how many operations, from one on, the device takes as one in a run of all.
   *
   * @param first index of the first of them
   * @return at least 1
   * @throws IndexOutOfBoundsException if there is no such operation
   */
  int joined(int first);

  /**
   * Measures a part of the operations by the device's own clock: many copies of them in a row, so
   * that the way there does not count. What they have written means nothing afterwards.
   *
   * @param first index of the first operation
   * @param count how many, at least 1
   * @return milliseconds of one copy; empty on a processor, which has no other clock than the
   *     caller's
   * @throws CudaException if a GPU fails
   * @throws IllegalArgumentException if the count is 0
   * @throws IndexOutOfBoundsException if there are no such operations
   * @throws IllegalStateException as {@link #run}
   */
  OptionalDouble measure(int first, int count);

  /**
   * Returns how long the last run took by the device's own clock, copies included.
   *
   * @return milliseconds; empty before the first run, and on a processor, which has no other clock
   *     than the caller's
   * @throws IllegalStateException if the plan is closed or running
   */
  OptionalDouble deviceMillis();

  /**
   * Frees what the plan itself holds, not its tensors. A second close does nothing.
   *
   * @throws IllegalStateException if the plan is running
   */
  @Override
  void close();
}
