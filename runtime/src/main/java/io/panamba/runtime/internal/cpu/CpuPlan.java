package io.panamba.runtime.internal.cpu;

import io.panamba.bindings.panamba_h;
import io.panamba.bindings.panamba_step;
import io.panamba.runtime.Arenas;
import io.panamba.runtime.Plan;
import io.panamba.runtime.internal.Checks;
import io.panamba.runtime.internal.struct.Addresses;
import io.panamba.runtime.internal.struct.OperationStructs;
import io.panamba.runtime.operation.Operation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A program of the native library: argument structs in one arena, run by one downcall.
 *
 * <p>The structs hold plain addresses. What keeps the memory behind them alive during a run is that
 * the downcall is handed one segment of every arena involved: the linker then refuses a closed
 * arena or a wrong thread, and holds the others open until the call returns.
 */
public final class CpuPlan implements Plan {
  private static final int MAX_OWNERS = 6;

  private enum State {
    IDLE,
    RUNNING,
    CLOSED
  }

  private final Arena arena = Arenas.shared();
  private final AtomicReference<State> state = new AtomicReference<>(State.IDLE);
  private final MemorySegment executor;
  private final MemorySegment steps;

  /** Where the steps of an operation begin; the last one is their number. */
  private final int[] offsets;

  // Fields rather than an array: the downcall takes them one by one.
  private final MemorySegment keep0;
  private final MemorySegment keep1;
  private final MemorySegment keep2;
  private final MemorySegment keep3;
  private final MemorySegment keep4;
  private final MemorySegment keep5;

  // Reachable from here, memory of automatic arenas stays as long as the plan.
  private final List<Operation> operations;

  CpuPlan(CpuDevice device, List<Operation> operations) {
    this.operations = operations;
    this.executor = device.executor();
    int count = operations.size();
    this.offsets = new int[count + 1];
    for (int i = 0; i < count; i++) {
      offsets[i + 1] = offsets[i] + OperationStructs.steps(operations.get(i));
    }
    try {
      this.steps = panamba_step.allocateArray(Math.max(1, offsets[count]), arena);
      Addresses addresses = new Addresses(null);
      OperationStructs structs = new OperationStructs(arena, addresses);
      for (int i = 0; i < count; i++) {
        structs.write(steps, offsets[i], operations.get(i));
      }
      List<MemorySegment> owners = owners(addresses.segments());
      this.keep0 = owners.get(0);
      this.keep1 = owners.get(1);
      this.keep2 = owners.get(2);
      this.keep3 = owners.get(3);
      this.keep4 = owners.get(4);
      this.keep5 = owners.get(5);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** One segment per arena, filled up with null pointers. */
  private static List<MemorySegment> owners(List<MemorySegment> segments) {
    List<MemorySegment> owners = new ArrayList<>();
    MemorySegment.Scope global = Arena.global().scope();
    for (MemorySegment segment : segments) {
      MemorySegment.Scope scope = segment.scope();
      if (!scope.equals(global)
          && owners.stream().noneMatch(owner -> owner.scope().equals(scope))) {
        owners.add(segment);
      }
    }
    if (owners.size() > MAX_OWNERS) {
      throw new IllegalArgumentException(
          "the tensors of a plan come from at most %d arenas, not %d"
              .formatted(MAX_OWNERS, owners.size()));
    }
    while (owners.size() < MAX_OWNERS) {
      owners.add(MemorySegment.NULL);
    }
    return owners;
  }

  @Override
  public void run() {
    run(0, operations.size());
  }

  @Override
  public void run(int first, int number) {
    Objects.checkFromIndexSize(first, number, operations.size());
    if (!state.compareAndSet(State.IDLE, State.RUNNING)) {
      throw new IllegalStateException(
          state.get() == State.CLOSED
              ? "the plan is closed"
              : "the plan is being run by another thread");
    }
    try {
      requireOpenMemory();
      MemorySegment part = first == 0 ? steps : panamba_step.asSlice(steps, offsets[first]);
      int count = offsets[first + number] - offsets[first];
      NativeStatus.check(
          panamba_h.panamba_run(executor, part, count, keep0, keep1, keep2, keep3, keep4, keep5));
    } finally {
      state.set(State.IDLE);
      Reference.reachabilityFence(operations);
    }
  }

  /** What the linker does by itself where a close frees memory. */
  private void requireOpenMemory() {
    Arenas.requireOpen(executor);
    Arenas.requireOpen(keep0);
    Arenas.requireOpen(keep1);
    Arenas.requireOpen(keep2);
    Arenas.requireOpen(keep3);
    Arenas.requireOpen(keep4);
    Arenas.requireOpen(keep5);
  }

  @Override
  public int joined(int first) {
    Objects.checkIndex(first, operations.size());
    return 1;
  }

  @Override
  public OptionalDouble measure(int first, int count) {
    Objects.checkFromIndexSize(first, count, operations.size());
    Checks.someOperations(count);
    return OptionalDouble.empty();
  }

  @Override
  public OptionalDouble deviceMillis() {
    return OptionalDouble.empty();
  }

  @Override
  public void close() {
    if (state.compareAndSet(State.IDLE, State.CLOSED)) {
      arena.close();
    } else if (state.get() != State.CLOSED) {
      throw new IllegalStateException("the plan is being run by another thread");
    }
  }
}
