package io.panamba.model.task;

import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Task;
import io.panamba.model.checkpoint.WeightsException;

/** Networks of one task do not do another. */
final class Tasks {
  private Tasks() {}

  /**
   * Checks what a network was made for.
   *
   * @throws WeightsException if that is another task
   */
  static void require(NetworkConfig config, Task task) {
    if (config.task() != task) {
      throw new WeightsException(
          "the checkpoint is of a network for %s; expected one for %s"
              .formatted(config.task().title(), task.title()));
    }
  }
}
