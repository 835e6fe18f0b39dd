package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.cudaMemLocation;
import io.panamba.bindings.cuda.cudaMemPoolProps;
import io.panamba.bindings.cuda.cuda_runtime_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * A GPU's memory, from a stream-ordered pool of the device's own, and pages of the host's that the
 * GPU copies from and to. It keeps a list of what is in use, so that a device that is closed leaves
 * nothing behind, and an arena that is closed after it frees nothing twice.
 */
final class CudaMemory {
  /** What cudaMalloc promises, and cuBLASLt likes best. */
  static final long ALIGNMENT = 256;

  private record Block(long bytes, boolean onHost) {}

  private final CudaContext context;
  private final RuntimeApi api;
  private final Cleanups cleanups = new Cleanups();
  private final MemorySegment stream;
  private final MemorySegment pool;

  /**
   * Without a lock: a virtual thread that waits for one may go on in a thread of another device.
   */
  private final ConcurrentSkipListMap<Long, Block> blocks = new ConcurrentSkipListMap<>();

  CudaMemory(CudaContext context) {
    this.context = context;
    this.api = context.runtime();
    try {
      stream = context.create("creating a stream", api::createStream);
      cleanups.add(
          () -> context.released(api.destroyStream(stream), "releasing the memory's stream"));
      pool = createPool();
      cleanups.add(() -> context.released(api.destroyPool(pool), "releasing the memory's pool"));
      keepFreed();
    } catch (RuntimeException | Error e) {
      cleanups.run();
      throw e;
    }
  }

  private MemorySegment createPool() {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment properties = cudaMemPoolProps.allocate(local);
      cudaMemPoolProps.allocType(properties, cuda_runtime_h.cudaMemAllocationTypePinned());
      cudaMemPoolProps.handleTypes(properties, cuda_runtime_h.cudaMemHandleTypeNone());
      MemorySegment location = cudaMemPoolProps.location(properties);
      cudaMemLocation.type(location, cuda_runtime_h.cudaMemLocationTypeDevice());
      cudaMemLocation.id(location, context.ordinal());
      return context.create("creating a memory pool", out -> api.createPool(out, properties));
    }
  }

  /** Plans come and go: what one frees stays in the pool for the next. */
  private void keepFreed() {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment most = local.allocateFrom(ValueLayout.JAVA_LONG, -1);
      context.check(
          api.setPoolAttribute(pool, cuda_runtime_h.cudaMemPoolAttrReleaseThreshold(), most),
          "setting up the memory pool");
    }
  }

  /** Memory of the GPU, filled with zeros; to be freed by address. */
  MemorySegment allocate(long bytes) {
    // Of no bytes there would be no address.
    long size = Math.max(1, bytes);
    String operation = "allocating %,d bytes".formatted(size);
    MemorySegment memory = context.create(operation, out -> api.allocate(out, size, pool, stream));
    add(memory, new Block(bytes, false));
    try {
      context.check(api.fill(memory, 0, size, stream), operation);
      context.check(api.synchronize(stream), operation);
    } catch (RuntimeException | Error e) {
      free(memory.address());
      throw e;
    }
    return memory.reinterpret(bytes);
  }

  /** Pages of the host's that stay where they are; to be freed by address. */
  MemorySegment allocateHost(long bytes) {
    long size = Math.max(1, bytes);
    MemorySegment memory =
        context.create(
            "allocating %,d bytes of pinned memory of the host".formatted(size),
            out -> api.allocateHost(out, size));
    add(memory, new Block(bytes, true));
    return memory.reinterpret(bytes);
  }

  private void add(MemorySegment memory, Block block) {
    blocks.put(memory.address(), block);
  }

  /** Frees memory that nothing works on. Does nothing if that has happened already. */
  void free(long address) {
    Block block = blocks.remove(address);
    if (block == null) {
      return;
    }
    MemorySegment memory = MemorySegment.ofAddress(address);
    context.useToRelease();
    if (block.onHost) {
      context.released(api.freeHost(memory), "freeing pinned memory");
    } else {
      context.released(api.free(memory, stream), "freeing memory");
    }
  }

  /** Whether the GPU can copy to and from this memory of the host's by itself. */
  boolean isPinned(MemorySegment memory) {
    Map.Entry<Long, Block> entry = blocks.floorEntry(memory.address());
    return entry != null
        && entry.getValue().onHost
        && memory.address() + memory.byteSize() <= entry.getKey() + entry.getValue().bytes;
  }

  /** Copies now, to or from memory of the GPU. */
  void copy(MemorySegment from, MemorySegment to, boolean up, Object operation) {
    int kind =
        up ? cuda_runtime_h.cudaMemcpyHostToDevice() : cuda_runtime_h.cudaMemcpyDeviceToHost();
    context.check(api.copy(to, from, from.byteSize(), kind, stream), operation);
    context.check(api.synchronize(stream), operation);
  }

  /** Frees everything. */
  void close() {
    blocks.keySet().forEach(this::free);
    context.useToRelease();
    cleanups.run();
  }
}
