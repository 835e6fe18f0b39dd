package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.cudnn_h;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The cuDNN of {@link FakeCuda}: descriptors that know what has been done to them, engines with all
 * the properties for which engines are left out, and {@link FakeGraph}, which computes.
 */
final class FakeDnn {
  private static final String HANDLE = "cuDNN";
  private static final String DESCRIPTOR = "descriptor of cuDNN";
  private static final int BAD_PARAMETER = 2000;
  private static final long ALIGNMENT = 16;
  private static final long WORKSPACE = 4096;

  /** More images than an engine takes that is limited. */
  private static final long MANY = 64;

  /**
   * An engine; its number is its place in the list.
   *
   * @param note a numerical one, or -1
   * @param knob its kind
   */
  private record Engine(
      int note, boolean isCompiled, int knob, long value, boolean isLimited, long workspace) {
    static Engine plain(int note) {
      return new Engine(note, false, cudnn_h.CUDNN_KNOB_TYPE_SPLIT_K_SLC(), 1, false, WORKSPACE);
    }
  }

  static final int TENSOR_CORES = 5;
  static final int ATTENTION = 6;
  static final int SLOW = 7;

  private static final List<Engine> ENGINES =
      List.of(
          Engine.plain(cudnn_h.CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC()),
          Engine.plain(cudnn_h.CUDNN_NUMERICAL_NOTE_WINOGRAD()),
          new Engine(-1, false, cudnn_h.CUDNN_KNOB_TYPE_STREAM_K(), 2, false, WORKSPACE),
          new Engine(-1, false, cudnn_h.CUDNN_KNOB_TYPE_SPLIT_K_BUF(), 0, true, WORKSPACE),
          new Engine(-1, false, cudnn_h.CUDNN_KNOB_TYPE_SPLIT_K_BUF(), 0, false, 1L << 40),
          Engine.plain(cudnn_h.CUDNN_NUMERICAL_NOTE_TENSOR_CORE()),
          new Engine(
              cudnn_h.CUDNN_NUMERICAL_NOTE_TENSOR_CORE(),
              true,
              cudnn_h.CUDNN_KNOB_TYPE_SPLIT_K_SLC(),
              0,
              false,
              WORKSPACE),
          Engine.plain(-1));

  /** What is behind a pointer. Numbers of any type, and addresses, are kept as longs. */
  static final class Descriptor {
    private final int kind;
    private final Map<Integer, long[]> attributes = new HashMap<>();
    private boolean finished;

    private Descriptor(int kind) {
      this.kind = kind;
    }

    int kind() {
      return kind;
    }

    long[] get(int attribute) {
      return attributes.get(attribute);
    }

    boolean has(int attribute) {
      return attributes.containsKey(attribute);
    }
  }

  private final FakeCuda fake;
  private final FakeRuntime runtime;
  private final Map<Long, Descriptor> descriptors = new HashMap<>();

  /** What configurations consist of, to be copied. */
  private final List<Descriptor> templates = new ArrayList<>();

  private final Map<Long, MemorySegment> streams = new HashMap<>();
  private final Set<Integer> used = new TreeSet<>();
  private boolean takesNothing;
  private int plans;

  FakeDnn(FakeCuda fake, FakeRuntime runtime) {
    this.fake = fake;
    this.runtime = runtime;
  }

  /** No engine takes anything from now on. */
  void takeNothing() {
    takesNothing = true;
  }

  /** Engines that have computed. */
  Set<Integer> used() {
    return used;
  }

  /** How many plans have been made that are executed, or might have been. */
  int plans() {
    return plans;
  }

  int createHandle(MemorySegment handle) {
    return runtime.create(handle, HANDLE);
  }

  int destroyHandle(MemorySegment handle) {
    return runtime.destroy(handle, HANDLE);
  }

  int setStream(MemorySegment handle, MemorySegment stream) {
    fake.require(fake.isHeld(handle.address(), HANDLE), "a stream for no handle");
    streams.put(handle.address(), stream);
    return 0;
  }

  int createBackendDescriptor(MemorySegment descriptor, int kind) {
    runtime.create(descriptor, DESCRIPTOR);
    descriptors.put(descriptor.get(ValueLayout.ADDRESS, 0).address(), new Descriptor(kind));
    return 0;
  }

  int destroyBackendDescriptor(MemorySegment descriptor) {
    return runtime.destroy(descriptor, DESCRIPTOR);
  }

  /** A descriptor that has not been released. */
  Descriptor held(long address) {
    fake.require(fake.isHeld(address, DESCRIPTOR), "%x is no descriptor", address);
    return descriptors.get(address);
  }

  private Descriptor finished(long address) {
    Descriptor descriptor = held(address);
    fake.require(descriptor.finished, "a descriptor %d is used unfinished", descriptor.kind);
    return descriptor;
  }

  int setAttribute(
      MemorySegment descriptor, int attribute, int type, long count, MemorySegment values) {
    Descriptor target = held(descriptor.address());
    fake.require(!target.finished, "attribute %d is set after the finish", attribute);
    long[] numbers = new long[(int) count];
    for (int i = 0; i < count; i++) {
      numbers[i] = number(type, values, i);
      if (type == cudnn_h.CUDNN_TYPE_BACKEND_DESCRIPTOR()) {
        finished(numbers[i]);
      }
      if (type == cudnn_h.CUDNN_TYPE_HANDLE()) {
        fake.require(fake.isHeld(numbers[i], HANDLE), "attribute %d has no handle", attribute);
      }
    }
    target.attributes.put(attribute, numbers);
    return 0;
  }

  private static long number(int type, MemorySegment values, int index) {
    if (type == cudnn_h.CUDNN_TYPE_BOOLEAN()) {
      return values.getAtIndex(ValueLayout.JAVA_BYTE, index);
    }
    boolean isLong =
        type == cudnn_h.CUDNN_TYPE_INT64()
            || type == cudnn_h.CUDNN_TYPE_BACKEND_DESCRIPTOR()
            || type == cudnn_h.CUDNN_TYPE_HANDLE()
            || type == cudnn_h.CUDNN_TYPE_VOID_PTR();
    return isLong
        ? values.getAtIndex(ValueLayout.JAVA_LONG, index)
        : values.getAtIndex(ValueLayout.JAVA_INT, index);
  }

  int finish(MemorySegment descriptor) {
    Descriptor target = held(descriptor.address());
    fake.require(!target.finished, "a descriptor %d is finished twice", target.kind);
    target.finished = true;
    if (target.kind == cudnn_h.CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR()) {
      return finishPlan(target);
    }
    return 0;
  }

  private int finishPlan(Descriptor plan) {
    int index = engine(plan);
    Engine engine = ENGINES.get(index);
    FakeGraph graph = graph(plan);
    if (takesNothing
        || (engine.isLimited && graph.batch() >= MANY)
        || graph.isAttention() != engine.isCompiled) {
      return cudnn_h.CUDNN_STATUS_NOT_SUPPORTED();
    }
    plan.attributes.put(
        cudnn_h.CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE(), new long[] {engine.workspace});
    plans++;
    return 0;
  }

  /** The descriptor that another refers to. */
  Descriptor referred(Descriptor from, int attribute) {
    return finished(from.get(attribute)[0]);
  }

  void requireAligned(long id, long address, long alignment) {
    fake.require(
        alignment == ALIGNMENT && address % alignment == 0, "tensor %d is at %x", id, address);
  }

  private Descriptor engineOf(Descriptor plan) {
    return referred(
        referred(plan, cudnn_h.CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG()),
        cudnn_h.CUDNN_ATTR_ENGINECFG_ENGINE());
  }

  private int engine(Descriptor plan) {
    return (int) engineOf(plan).get(cudnn_h.CUDNN_ATTR_ENGINE_GLOBAL_INDEX())[0];
  }

  private FakeGraph graph(Descriptor plan) {
    Descriptor graph = referred(engineOf(plan), cudnn_h.CUDNN_ATTR_ENGINE_OPERATION_GRAPH());
    return new FakeGraph(this, graph.get(cudnn_h.CUDNN_ATTR_OPERATIONGRAPH_OPS()));
  }

  int getAttribute(
      MemorySegment descriptor,
      int attribute,
      int type,
      long most,
      MemorySegment count,
      MemorySegment values) {
    Descriptor source = finished(descriptor.address());
    if (attribute == cudnn_h.CUDNN_ATTR_ENGINEHEUR_RESULTS()) {
      return configurations(source, most, count, values);
    }
    long[] numbers = source.get(attribute);
    if (numbers == null) {
      return BAD_PARAMETER;
    }
    // Of these it does not say how many there are, but how many it gives.
    long given = Math.min(most, numbers.length);
    count.set(ValueLayout.JAVA_LONG, 0, given);
    for (int i = 0; i < given; i++) {
      if (type == cudnn_h.CUDNN_TYPE_BACKEND_DESCRIPTOR()) {
        fill(values.getAtIndex(ValueLayout.JAVA_LONG, i), templates.get((int) numbers[i]));
      } else if (type == cudnn_h.CUDNN_TYPE_INT64()) {
        values.setAtIndex(ValueLayout.JAVA_LONG, i, numbers[i]);
      } else {
        values.setAtIndex(ValueLayout.JAVA_INT, i, (int) numbers[i]);
      }
    }
    return 0;
  }

  /** Makes the caller's descriptor a copy of another. */
  private void fill(long address, Descriptor content) {
    Descriptor target = held(address);
    fake.require(
        target.kind == content.kind && !target.finished,
        "a descriptor %d is filled with a %d",
        target.kind,
        content.kind);
    target.attributes.putAll(content.attributes);
    target.finished = true;
  }

  private int configurations(
      Descriptor heuristics, long most, MemorySegment count, MemorySegment values) {
    boolean isBest =
        heuristics.get(cudnn_h.CUDNN_ATTR_ENGINEHEUR_MODE())[0] == cudnn_h.CUDNN_HEUR_MODE_A();
    long graph = heuristics.get(cudnn_h.CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH())[0];
    // The last engine does everything, and is recommended to nobody.
    int first = isBest ? 0 : SLOW;
    int last = isBest ? SLOW : ENGINES.size();
    count.set(ValueLayout.JAVA_LONG, 0, last - first);
    for (int i = first; i < Math.min(last, first + most); i++) {
      Descriptor configuration = new Descriptor(cudnn_h.CUDNN_BACKEND_ENGINECFG_DESCRIPTOR());
      configuration.attributes.put(
          cudnn_h.CUDNN_ATTR_ENGINECFG_ENGINE(), new long[] {engine(i, graph)});
      configuration.attributes.put(
          cudnn_h.CUDNN_ATTR_ENGINECFG_KNOB_CHOICES(), new long[] {knob(ENGINES.get(i))});
      fill(values.getAtIndex(ValueLayout.JAVA_LONG, i - first), configuration);
    }
    return 0;
  }

  private long engine(int index, long graph) {
    Engine engine = ENGINES.get(index);
    Descriptor descriptor = new Descriptor(cudnn_h.CUDNN_BACKEND_ENGINE_DESCRIPTOR());
    descriptor.attributes.put(cudnn_h.CUDNN_ATTR_ENGINE_GLOBAL_INDEX(), new long[] {index});
    descriptor.attributes.put(cudnn_h.CUDNN_ATTR_ENGINE_OPERATION_GRAPH(), new long[] {graph});
    descriptor.attributes.put(
        cudnn_h.CUDNN_ATTR_ENGINE_NUMERICAL_NOTE(),
        engine.note < 0 ? new long[0] : new long[] {engine.note});
    descriptor.attributes.put(
        cudnn_h.CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE(),
        engine.isCompiled
            ? new long[] {cudnn_h.CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION()}
            : new long[0]);
    return template(descriptor);
  }

  private long knob(Engine engine) {
    Descriptor descriptor = new Descriptor(cudnn_h.CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR());
    descriptor.attributes.put(cudnn_h.CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE(), new long[] {engine.knob});
    descriptor.attributes.put(
        cudnn_h.CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE(), new long[] {engine.value});
    return template(descriptor);
  }

  private long template(Descriptor descriptor) {
    templates.add(descriptor);
    return templates.size() - 1L;
  }

  int execute(MemorySegment handle, MemorySegment plan, MemorySegment variantPack) {
    fake.require(fake.isHeld(handle.address(), HANDLE), "something is executed by no handle");
    Descriptor how = finished(plan.address());
    Descriptor pack = finished(variantPack.address());
    long[] ids = pack.get(cudnn_h.CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS());
    long[] pointers = pack.get(cudnn_h.CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS());
    Map<Long, Long> places = new HashMap<>();
    for (int i = 0; i < ids.length; i++) {
      places.put(ids[i], pointers[i]);
    }
    long workspace = pack.get(cudnn_h.CUDNN_ATTR_VARIANT_PACK_WORKSPACE())[0];
    fake.require(workspace != 0 && workspace % ALIGNMENT == 0, "no workspace");
    Runnable computation = graph(how).computation(places);
    used.add(engine(how));
    return runtime.on(
        streams.get(handle.address()),
        () -> {
          fake.require(
              fake.isHeld(plan.address(), DESCRIPTOR), "a plan is released before it has run");
          computation.run();
        });
  }
}
