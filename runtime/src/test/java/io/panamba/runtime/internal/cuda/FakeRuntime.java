package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.cudaMemLocation;
import io.panamba.bindings.cuda.cudaMemPoolProps;
import io.panamba.bindings.cuda.cuda_runtime_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The CUDA runtime of {@link FakeCuda}. What a stream records runs when its graph is launched. */
final class FakeRuntime {
  static final String STREAM = "stream";

  private static final int OK = 0;
  private static final int INVALID = 1;

  private final FakeCuda fake;
  private final int devices;
  private final ThreadLocal<Integer> current = new ThreadLocal<>();
  private final Map<Long, Integer> owners = new HashMap<>();
  private final Map<Long, List<Runnable>> recording = new HashMap<>();
  private final Map<Long, List<Runnable>> graphs = new HashMap<>();
  private final TreeMap<Long, Arena> memory = new TreeMap<>();
  private long next = 1 << 20;

  FakeRuntime(FakeCuda fake, int devices) {
    this.fake = fake;
    this.devices = devices;
  }

  /** Hands out a handle of the thread's current device. */
  int create(MemorySegment result, String what) {
    long handle = next;
    next += 256;
    requireDevice();
    owners.put(handle, current.get());
    fake.acquire(handle, what);
    result.set(ValueLayout.ADDRESS, 0, MemorySegment.ofAddress(handle));
    return OK;
  }

  int destroy(MemorySegment handle, String what) {
    return fake.release(handle.address(), what) ? OK : INVALID;
  }

  private void requireDevice() {
    fake.require(current.get() != null, "no device is the thread's");
  }

  /** Runs something on a stream, or records it. */
  int on(MemorySegment stream, Runnable work) {
    fake.require(fake.isHeld(stream.address(), STREAM), "work on no stream");
    fake.require(
        owners.get(stream.address()).equals(current.get()), "work on another device's stream");
    List<Runnable> recorded = recording.get(stream.address());
    if (recorded == null) {
      work.run();
    } else {
      recorded.add(work);
    }
    return OK;
  }

  int deviceCount(MemorySegment count) {
    if (devices == 0) {
      return cuda_runtime_h.cudaErrorNoDevice();
    }
    count.set(ValueLayout.JAVA_INT, 0, devices);
    return OK;
  }

  int setDevice(int ordinal) {
    fake.require(ordinal < devices, "there is no device %d", ordinal);
    current.set(ordinal);
    return OK;
  }

  int deviceAttribute(MemorySegment value, int attribute, int ordinal) {
    int answer =
        attribute == cuda_runtime_h.cudaDevAttrComputeCapabilityMajor()
            ? 9
            : attribute == cuda_runtime_h.cudaDevAttrMemoryPoolsSupported() ? 1 : ordinal;
    value.set(ValueLayout.JAVA_INT, 0, answer);
    return OK;
  }

  int memoryInfo(MemorySegment free, MemorySegment total) {
    free.set(ValueLayout.JAVA_LONG, 0, 1_000_000_000L);
    total.set(ValueLayout.JAVA_LONG, 0, 2_000_000_000L);
    return OK;
  }

  int createPool(MemorySegment pool, MemorySegment properties) {
    fake.require(
        cudaMemLocation.id(cudaMemPoolProps.location(properties)) == current.get(),
        "a pool on another device");
    return create(pool, "pool");
  }

  int setPoolAttribute(MemorySegment pool, int attribute, MemorySegment value) {
    fake.require(fake.isHeld(pool.address(), "pool"), "an attribute of no pool");
    return OK;
  }

  int destroyPool(MemorySegment pool) {
    return destroy(pool, "pool");
  }

  int allocate(MemorySegment pointer, long bytes, MemorySegment pool, MemorySegment stream) {
    fake.require(fake.isHeld(pool.address(), "pool"), "memory of no pool");
    return block(pointer, bytes, "memory");
  }

  int free(MemorySegment pointer, MemorySegment stream) {
    return freeBlock(pointer, "memory");
  }

  int allocateHost(MemorySegment pointer, long bytes) {
    return block(pointer, bytes, "pinned memory");
  }

  int freeHost(MemorySegment pointer) {
    return freeBlock(pointer, "pinned memory");
  }

  private int block(MemorySegment pointer, long bytes, String what) {
    requireDevice();
    Arena arena = Arena.ofShared();
    MemorySegment block = arena.allocate(bytes, 256);
    // What nobody has written to is no number.
    block.fill((byte) 0xff);
    memory.put(block.address(), arena);
    fake.acquire(block.address(), what);
    pointer.set(ValueLayout.ADDRESS, 0, block);
    return OK;
  }

  private int freeBlock(MemorySegment pointer, String what) {
    if (!fake.release(pointer.address(), what)) {
      return INVALID;
    }
    memory.remove(pointer.address()).close();
    return OK;
  }

  int copy(MemorySegment to, MemorySegment from, long bytes, int kind, MemorySegment stream) {
    boolean up = kind == cuda_runtime_h.cudaMemcpyHostToDevice();
    requireBlock(up ? to : from, "memory");
    if (recording.containsKey(stream.address())) {
      requireBlock(up ? from : to, "pinned memory");
    }
    MemorySegment target = to.reinterpret(bytes);
    MemorySegment source = from.reinterpret(bytes);
    return on(stream, () -> target.copyFrom(source));
  }

  private void requireBlock(MemorySegment place, String what) {
    Long start = memory.floorKey(place.address());
    fake.require(start != null && fake.isHeld(start, what), "%s is not in %s", place, what);
  }

  int fill(MemorySegment pointer, int value, long bytes, MemorySegment stream) {
    requireBlock(pointer, "memory");
    return on(stream, () -> pointer.reinterpret(bytes).fill((byte) value));
  }

  int createStream(MemorySegment stream) {
    return create(stream, STREAM);
  }

  int synchronize(MemorySegment stream) {
    fake.require(!recording.containsKey(stream.address()), "waited for a stream that records");
    return on(stream, () -> {});
  }

  int destroyStream(MemorySegment stream) {
    fake.require(!recording.containsKey(stream.address()), "released a stream that records");
    return destroy(stream, STREAM);
  }

  int beginCapture(MemorySegment stream) {
    recording.put(stream.address(), new ArrayList<>());
    return OK;
  }

  /** A recording that fails is over. */
  void forgetRecording(MemorySegment stream) {
    recording.remove(stream.address());
  }

  int endCapture(MemorySegment stream, MemorySegment graph) {
    List<Runnable> recorded = recording.remove(stream.address());
    create(graph, "graph");
    graphs.put(graph.get(ValueLayout.ADDRESS, 0).address(), recorded);
    return OK;
  }

  int instantiateGraph(MemorySegment executable, MemorySegment graph) {
    create(executable, "executable graph");
    graphs.put(
        executable.get(ValueLayout.ADDRESS, 0).address(), List.copyOf(graphs.get(graph.address())));
    return OK;
  }

  int destroyGraph(MemorySegment graph) {
    return destroy(graph, "graph");
  }

  int uploadGraph(MemorySegment executable, MemorySegment stream) {
    fake.require(fake.isHeld(executable.address(), "executable graph"), "uploaded no graph");
    return OK;
  }

  int launchGraph(MemorySegment executable, MemorySegment stream) {
    fake.require(fake.isHeld(executable.address(), "executable graph"), "launched no graph");
    return on(stream, () -> graphs.get(executable.address()).forEach(Runnable::run));
  }

  int destroyExecutable(MemorySegment executable) {
    return destroy(executable, "executable graph");
  }

  int createEvent(MemorySegment event, int flags) {
    return create(event, "event");
  }

  int awaitEvent(MemorySegment event) {
    fake.require(fake.isHeld(event.address(), "event"), "waited for no event");
    return OK;
  }

  int recordEvent(MemorySegment event, MemorySegment stream) {
    fake.require(fake.isHeld(event.address(), "event"), "recorded no event");
    return on(stream, () -> {});
  }

  int elapsedMillis(MemorySegment millis, MemorySegment start, MemorySegment end) {
    millis.set(ValueLayout.JAVA_FLOAT, 0, 1.5f);
    return OK;
  }

  int destroyEvent(MemorySegment event) {
    return destroy(event, "event");
  }
}
