package io.panamba.runtime;

/**
 * Operations made ready to run on a device any number of times: shapes are checked, argument
 * structs are filled, nothing is allocated by a run. It reads and writes the tensors that its
 * operations name, so it belongs to one caller at a time.
 */
public sealed interface Plan extends AutoCloseable permits CpuPlan {
  /**
   * Runs the operations in order and returns when their results are in memory.
   *
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
   * Frees what the plan itself holds, not its tensors. A second close does nothing.
   *
   * @throws IllegalStateException if the plan is running
   */
  @Override
  void close();
}
