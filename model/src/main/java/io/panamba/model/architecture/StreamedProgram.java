package io.panamba.model.architecture;

import io.panamba.model.image.ImageSource;
import io.panamba.runtime.Tensor;
import java.util.function.LongConsumer;

/** A network that runs on an image a part at a time. */
public interface StreamedProgram {
  /**
   * Returns the length of the sequence.
   *
   * @return tokens
   */
  long tokens();

  /**
   * Returns the work of a run.
   *
   * @return tokens times layers
   */
  long work();

  /**
   * Runs.
   *
   * @param source an image of the size that this was prepared for
   * @param step told after every step how much work is done, from 0 to {@link #work}; what it
   *     throws ends the run
   */
  void run(ImageSource source, LongConsumer step);

  /**
   * Returns the features of the last run.
   *
   * @return (1, width)
   */
  Tensor features();

  /**
   * Returns the logits of the last run.
   *
   * @return (1, classes), or null if they were not asked for
   */
  Tensor logits();
}
