package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.cuda_runtime_h;
import io.panamba.runtime.Arenas;
import io.panamba.runtime.Plan;
import io.panamba.runtime.internal.Checks;
import io.panamba.runtime.operation.Operation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;

/**
 * A CUDA graph: all operations on a stream of the plan's own, recorded once and launched by one
 * call. A run holds the device's lock, so that memory which is closed meanwhile is freed behind it.
 */
public final class CudaPlan implements Plan {
  /** How a run waits: {@code spin}, at once when the GPU is done, or {@code block}, asleep. */
  static final String WAIT = "panamba.cuda.wait";

  /** A run one by one tells which operation a fault is of: {@code true}. */
  static final String CHECK = "panamba.cuda.check";

  /** Of what is measured, in a row. */
  private static final int COPIES = 20;

  private enum State {
    IDLE,
    RUNNING,
    CLOSED
  }

  private final CudaDevice device;
  private final CudaContext context;
  private final RuntimeApi api;
  private final Arena arena = Arenas.shared();
  private final Cleanups cleanups = new Cleanups();
  private final AtomicReference<State> state = new AtomicReference<>(State.IDLE);
  private final CudaStep[] steps;

  /** The first step of every operation, and the number of steps. */
  private final int[] starts;

  /** What an operation and the one after it are in one step, or null. */
  private final CudaStep[] joints;

  /** One segment per arena, to see whether it is open. */
  private final MemorySegment[] owners;

  private final MemorySegment stream;
  private final MemorySegment start;
  private final MemorySegment end;
  private final MemorySegment graph;
  private final boolean blocks;
  private final boolean checks;
  private boolean timed;

  // Reachable from here, memory of automatic arenas stays as long as the plan.
  private final List<Operation> operations;

  /** The device has been begun with. */
  CudaPlan(CudaDevice device, List<Operation> operations) {
    this.device = device;
    this.context = device.context();
    this.api = context.runtime();
    this.operations = operations;
    this.starts = new int[operations.size() + 1];
    this.joints = new CudaStep[operations.size()];
    this.blocks = blocks();
    this.checks = Boolean.getBoolean(CHECK);
    cleanups.add(arena::close);
    try {
      CudaSteps prepared = new CudaSteps(device, arena, cleanups);
      for (int i = 0; i < operations.size(); i++) {
        prepared.add(operations.get(i));
        starts[i + 1] = prepared.steps().size();
        if (i > 0 && (i == 1 || joints[i - 2] == null)) {
          joints[i - 1] = prepared.joint(operations.get(i - 1), operations.get(i));
        }
      }
      prepared.finish(cleanups);
      steps = prepared.steps().toArray(CudaStep[]::new);
      owners = owners(prepared.segments());
      stream = context.create("creating a plan's stream", api::createStream);
      cleanups.add(() -> context.released(api.destroyStream(stream), "releasing a plan's stream"));
      start = event(cuda_runtime_h.cudaEventDefault());
      end =
          event(
              blocks ? cuda_runtime_h.cudaEventBlockingSync() : cuda_runtime_h.cudaEventDefault());
      graph =
          steps.length == 0 || checks
              ? MemorySegment.NULL
              : record(0, operations.size(), 1, cleanups);
    } catch (RuntimeException | Error e) {
      cleanups.run();
      throw e;
    }
  }

  private static MemorySegment[] owners(List<MemorySegment> segments) {
    return segments.stream()
        .collect(Collectors.toMap(MemorySegment::scope, segment -> segment, (first, _) -> first))
        .values()
        .toArray(MemorySegment[]::new);
  }

  private static boolean blocks() {
    String wanted = System.getProperty(WAIT, "spin");
    return switch (wanted) {
      case "spin" -> false;
      case "block" -> true;
      default ->
          throw new IllegalArgumentException(
              "-D%s=%s: expected spin or block".formatted(WAIT, wanted));
    };
  }

  private MemorySegment event(int flags) {
    MemorySegment event = context.create("creating an event", out -> api.createEvent(out, flags));
    cleanups.add(() -> context.released(api.destroyEvent(event), "releasing an event"));
    return event;
  }

  /** Records operations as a graph, some times in a row. */
  private MemorySegment record(int first, int last, int copies, Cleanups owner) {
    String operation = "recording %d operations as a graph".formatted(last - first);
    context.check(api.beginCapture(stream), operation);
    try {
      for (int i = 0; i < copies; i++) {
        launch(first, last);
      }
    } catch (RuntimeException | Error e) {
      abandonCapture();
      throw e;
    }
    MemorySegment recorded = context.create(operation, out -> api.endCapture(stream, out));
    try {
      MemorySegment executable =
          context.create(operation, out -> api.instantiateGraph(out, recorded));
      owner.add(() -> context.released(api.destroyExecutable(executable), "releasing a graph"));
      // Otherwise the first run pays for it.
      context.check(api.uploadGraph(executable, stream), operation);
      return executable;
    } finally {
      context.released(api.destroyGraph(recorded), "releasing a recorded graph");
    }
  }

  /** A stream can't be released while it records. */
  private void abandonCapture() {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment result = local.allocate(ValueLayout.ADDRESS);
      if (api.endCapture(stream, result) == 0) {
        MemorySegment half = result.get(ValueLayout.ADDRESS, 0);
        if (half.address() != 0) {
          context.released(api.destroyGraph(half), "releasing half a graph");
        }
      }
    }
  }

  /** Launches operations, two in one step where both are wanted. */
  private void launch(int first, int last) {
    for (int i = first; i < last; i++) {
      if (joints[i] != null && i + 1 < last) {
        joints[i].launch(stream);
        i++;
      } else {
        for (int step = starts[i]; step < starts[i + 1]; step++) {
          steps[step].launch(stream);
        }
      }
    }
  }

  @Override
  public void run() {
    run(0, operations.size());
  }

  @Override
  public void run(int first, int count) {
    Objects.checkFromIndexSize(first, count, operations.size());
    long stamp = begin();
    try {
      if (count > 0) {
        boolean isWhole = count == operations.size() && !checks;
        launchAndWait(isWhole ? graph : MemorySegment.NULL, first, first + count);
      }
    } finally {
      end(stamp);
    }
  }

  @Override
  public int joined(int first) {
    Objects.checkIndex(first, operations.size());
    return joints[first] == null ? 1 : 2;
  }

  @Override
  public OptionalDouble measure(int first, int count) {
    Objects.checkFromIndexSize(first, count, operations.size());
    Checks.someOperations(count);
    long stamp = begin();
    try {
      return OptionalDouble.of(measured(first, first + count));
    } finally {
      end(stamp);
    }
  }

  /** Makes the caller the one who runs the plan, until {@link #end}. */
  private long begin() {
    enter();
    try {
      long stamp = device.begin();
      try {
        requireOpenMemory();
        return stamp;
      } catch (RuntimeException | Error e) {
        device.end(stamp);
        throw e;
      }
    } catch (RuntimeException | Error e) {
      state.set(State.IDLE);
      throw e;
    }
  }

  private void end(long stamp) {
    try {
      device.end(stamp);
    } finally {
      state.set(State.IDLE);
      Reference.reachabilityFence(operations);
    }
  }

  private double measured(int first, int last) {
    Cleanups local = new Cleanups();
    try {
      MemorySegment copies = record(first, last, COPIES, local);
      // The first time loads what is not there yet.
      for (int i = 0; i < 2; i++) {
        launchAndWait(copies, first, last);
      }
      return readClock() / COPIES;
    } finally {
      timed = false;
      local.run();
    }
  }

  private void enter() {
    if (!state.compareAndSet(State.IDLE, State.RUNNING)) {
      throw new IllegalStateException(
          state.get() == State.CLOSED
              ? "the plan is closed"
              : "the plan is being run by another thread");
    }
  }

  /** Launches a graph, or operations for which there is none. */
  private void launch(MemorySegment executable, int first, int last) {
    if (executable.address() != 0) {
      context.check(api.launchGraph(executable, stream), this);
    } else if (checks) {
      for (int i = first; i < last; i++) {
        launch(i, i + 1);
        context.check(api.synchronize(stream), operations.get(i));
      }
    } else {
      launch(first, last);
    }
  }

  private void launchAndWait(MemorySegment executable, int first, int last) {
    timed = false;
    try {
      context.check(api.recordEvent(start, stream), this);
      launch(executable, first, last);
      context.check(api.recordEvent(end, stream), this);
    } catch (RuntimeException | Error e) {
      // What was launched before may still work on memory that is free to go when this returns.
      context.released(api.synchronize(stream), "waiting for half a run");
      throw e;
    }
    context.check(blocks ? api.awaitEvent(end) : api.synchronize(stream), this);
    timed = true;
  }

  private void requireOpenMemory() {
    for (MemorySegment owner : owners) {
      if (!Arenas.isOpen(owner.scope())) {
        throw new IllegalStateException("memory of one of the plan's tensors is closed");
      }
      if (!owner.isAccessibleBy(Thread.currentThread())) {
        throw new WrongThreadException(
            "memory of one of the plan's tensors belongs to another thread's confined arena");
      }
    }
  }

  @Override
  public OptionalDouble deviceMillis() {
    enter();
    try {
      return timed ? OptionalDouble.of(elapsedMillis()) : OptionalDouble.empty();
    } finally {
      state.set(State.IDLE);
    }
  }

  private double elapsedMillis() {
    long stamp = device.begin();
    try {
      return readClock();
    } finally {
      device.end(stamp);
    }
  }

  /** Milliseconds of what was launched last. */
  private double readClock() {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment millis = local.allocate(ValueLayout.JAVA_FLOAT);
      context.check(api.elapsedMillis(millis, start, end), "reading the time of a run");
      return millis.get(ValueLayout.JAVA_FLOAT, 0);
    }
  }

  /** Releases everything; the device sees to it that this happens once. */
  void release() {
    state.set(State.CLOSED);
    cleanups.run();
  }

  @Override
  public void close() {
    if (state.compareAndSet(State.IDLE, State.CLOSED)) {
      device.close(this);
    } else if (state.get() != State.CLOSED) {
      throw new IllegalStateException("the plan is being run by another thread");
    }
  }

  /** What failed, if it is not known which operation. */
  @Override
  public String toString() {
    return operations.size() == 1
        ? "running " + operations.getFirst()
        : "running %d operations from %s to %s"
            .formatted(operations.size(), operations.getFirst(), operations.getLast());
  }
}
