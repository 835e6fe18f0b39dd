package io.panamba.model;

import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.PartedProgram;
import io.panamba.model.block.Pooling;
import io.panamba.model.graph.Program;
import io.panamba.model.memory.CountingArena;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Operation;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * A network planned for one batch and image size: write {@link #image()}, {@link #run()}, read the
 * results where they lie. A run allocates nothing. It belongs to one caller at a time; for many
 * threads, take inferences from an {@link InferencePool}.
 */
public final class Inference implements PartedProgram, AutoCloseable {
  /** More than enough for the compiler's last tier; a crossing takes well under a microsecond. */
  private static final int CROSSINGS = 20_000;

  private final Plan plan;
  private final Program program;
  private final InferenceOptions options;
  private final CountingArena arena;
  private final Recording recording;

  Inference(
      CountingArena arena,
      Plan plan,
      Program program,
      InferenceOptions options,
      Recording recording) {
    this.arena = arena;
    this.plan = plan;
    this.program = program;
    this.options = options;
    this.recording = recording;
  }

  /**
   * Returns what this was planned for.
   *
   * @return the options
   */
  public InferenceOptions options() {
    return options;
  }

  /**
   * Returns the input: normalised pixels, or, if {@link InferenceOptions#bytes} says so, pixels as
   * pictures have them.
   *
   * @return (batch, colours, height, width), float32 or bytes, to be written before a run
   */
  public Tensor image() {
    return program.image();
  }

  /**
   * Lets the virtual machine compile the way to the native library, and runs once, so that the
   * first real run pays for nothing: an interpreted downcall takes longer and allocates, and memory
   * that was never touched has yet to be found by the operating system. What the image holds does
   * not matter; results are overwritten. Flight Recorder gets no event.
   */
  public void warmUp() {
    for (int i = 0; i < CROSSINGS; i++) {
      plan.run(0, 0);
    }
    plan.run();
  }

  /**
   * Runs the network on the image. Flight Recorder gets an event {@code io.panamba.Inference}, if
   * it records.
   */
  public void run() {
    if (recording.start()) {
      plan.run();
      recording.stop();
    } else {
      plan.run();
    }
  }

  @Override
  public void run(String part) {
    Program.Part found = program.parts().get(part);
    if (found == null) {
      throw new IllegalArgumentException(
          "there is no part '%s'; there are %s".formatted(part, program.parts().keySet()));
    }
    plan.run(found.first(), found.count());
  }

  @Override
  public Tensor input(String name) {
    Tensor input = program.inputs().get(name);
    if (input == null) {
      throw new IllegalArgumentException(
          "there is no input '%s'; there are %s".formatted(name, program.inputs().keySet()));
    }
    return input;
  }

  /**
   * Checks what the last run gave for an image: features, and logits and tokens where they were
   * asked for, but no taps. A run itself checks nothing.
   *
   * @param image its index in the batch
   * @throws NonFiniteException if a number is NaN or infinite; the message names the tensor
   */
  public void requireFinite(int image) {
    if (program.logits() != null) {
      NonFiniteException.checkResults("logits", program.logits().slice(image, 1));
    }
    NonFiniteException.checkResults("features", program.features().slice(image, 1));
    if (program.tokens() != null) {
      NonFiniteException.checkResults("tokens", program.tokens().slice(image, 1));
    }
  }

  /**
   * Returns how long the last run took by a GPU's own clock, copies of image and results included.
   *
   * @return milliseconds; empty before the first run, and on a processor
   */
  public OptionalDouble deviceMillis() {
    return plan.deviceMillis();
  }

  /**
   * Returns the logits of the last run.
   *
   * @return (batch, classes), or (batch, length, classes) for {@link Pooling#ALL}
   * @throws IllegalStateException if they were not asked for
   */
  public Tensor logits() {
    return wanted(program.logits(), "logits");
  }

  /**
   * Returns the features of the last run: what the head sees.
   *
   * @return (batch, dim), or (batch, length, dim) for {@link Pooling#MAX} and {@link Pooling#ALL}
   */
  public Tensor features() {
    return program.features();
  }

  /**
   * Returns all tokens of the last run, after the final norm.
   *
   * @return (batch, length, dim), class tokens at their places
   * @throws IllegalStateException if they were not asked for
   */
  public Tensor tokens() {
    return wanted(program.tokens(), "tokens");
  }

  /**
   * Returns what layers computed in the last run: {@code embed}, {@code layers.I} (the output of
   * layer I's mixer, before it is added to the residual) and {@code norm_f}.
   *
   * @return (batch, length, dim) by name, in order; empty if taps were not asked for
   */
  public Map<String, Tensor> taps() {
    return Collections.unmodifiableMap(program.taps());
  }

  /**
   * Finds a tap.
   *
   * @param name as in {@link #taps()}
   * @return the tensor, if there is one of that name
   */
  @Override
  public Optional<Tensor> tap(String name) {
    return Optional.ofNullable(program.taps().get(name));
  }

  /**
   * Returns the network's operations, for profiling.
   *
   * @return the operations in the order of {@link #run(int, int)}
   */
  public List<Operation> operations() {
    return List.copyOf(program.operations());
  }

  /**
   * Runs a part of the network, for profiling.
   *
   * @param first index of the first operation
   * @param count how many
   */
  public void run(int first, int count) {
    plan.run(first, count);
  }

  /**
   * Tells how many operations, from one on, the device takes as one.
   *
   * @param first index of the first of them
   * @return at least 1
   * @throws IndexOutOfBoundsException if there is no such operation
   */
  public int joined(int first) {
    return plan.joined(first);
  }

  /**
   * Measures a part of the network by a GPU's own clock, for profiling. What it has written,
   * results included, means nothing afterwards.
   *
   * @param first index of the first operation
   * @param count how many, at least 1
   * @return milliseconds; empty on a processor
   * @throws IllegalArgumentException if the count is 0
   * @throws IndexOutOfBoundsException if there are no such operations
   */
  public OptionalDouble measure(int first, int count) {
    return plan.measure(first, count);
  }

  /**
   * Returns the memory that this inference takes beside the weights.
   *
   * @return bytes of input, activations and results
   */
  public long workspaceBytes() {
    return arena.bytes();
  }

  private static Tensor wanted(Tensor tensor, String name) {
    if (tensor == null) {
      throw new IllegalStateException(
          "%s were not asked for when the inference was planned".formatted(name));
    }
    return tensor;
  }

  /**
   * Frees the activations and results. A second close does nothing.
   *
   * @throws IllegalStateException if a run is under way
   */
  @Override
  public void close() {
    plan.close();
    arena.close();
  }
}
