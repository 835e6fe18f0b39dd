package io.panamba.model.architecture;

import io.panamba.runtime.Tensor;
import java.util.Optional;

/** A network of which parts are run by themselves, with inputs of their own. */
public interface PartedProgram {
  /**
   * Runs a part, after those before it have run at least once.
   *
   * @param part its name: {@code image} is the first, and the only one of most networks
   * @throws IllegalArgumentException if there is no such part
   */
  void run(String part);

  /**
   * Returns an input beside the image.
   *
   * @param name of the input
   * @return the tensor, to be written before the part runs
   * @throws IllegalArgumentException if there is no such input
   */
  Tensor input(String name);

  /**
   * Finds what a part gives.
   *
   * @param name of the result
   * @return the tensor, if there is one of that name
   */
  Optional<Tensor> tap(String name);
}
