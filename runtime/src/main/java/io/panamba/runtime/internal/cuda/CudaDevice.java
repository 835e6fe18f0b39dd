package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.cuda_runtime_h;
import io.panamba.bindings.panamba_pack_args;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.PanambaException;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import io.panamba.runtime.internal.Memory;
import io.panamba.runtime.internal.struct.Codes;
import io.panamba.runtime.internal.struct.MatrixStructs;
import io.panamba.runtime.operation.Operation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.StampedLock;
import java.util.stream.IntStream;

/**
 * An NVIDIA GPU.
 *
 * <p>Runs share a lock that the freeing of memory takes alone: CUDA does not know that a graph that
 * runs names an address, and would give it to somebody else. Closing waits for nobody: what is
 * closed while something runs is freed when the last run ends, or before memory is next asked for.
 */
public final class CudaDevice implements Device {
  /** Those of cudaDeviceProp. */
  private static final long NAME_BYTES = 256;

  private final CudaContext context;
  private final StampedLock lock = new StampedLock();
  private final Cleanups cleanups = new Cleanups();
  private final Set<CudaPlan> plans = ConcurrentHashMap.newKeySet();
  private final CudaMemory memory;
  private final MemorySegment products;
  private final CudaDnn dnn;
  private final String name;
  private final String architecture;

  /** Releases of what nobody uses any more. */
  private final Queue<Runnable> freeable = new ConcurrentLinkedQueue<>();

  private boolean closed;

  public CudaDevice(CudaApi api, int ordinal) {
    if (ordinal < 0) {
      throw new IllegalArgumentException("GPUs count from 0, not from " + ordinal);
    }
    this.context = new CudaContext(api, ordinal);
    context.deviceCount();
    context.use();
    name = name();
    architecture =
        "sm_%d%d"
            .formatted(
                attribute(cuda_runtime_h.cudaDevAttrComputeCapabilityMajor()),
                attribute(cuda_runtime_h.cudaDevAttrComputeCapabilityMinor()));
    if (attribute(cuda_runtime_h.cudaDevAttrMemoryPoolsSupported()) == 0) {
      throw new PanambaException(
          "%s (%s) has no memory pools, which Panamba needs".formatted(context, name));
    }
    context.checkKernel(context.kernels().load(), "loading kernels for " + architecture);
    try {
      memory = new CudaMemory(context);
      cleanups.add(memory::close);
      products = context.productHandle("opening cuBLASLt", context.products()::createHandle);
      cleanups.add(
          () -> context.released(context.products().destroyHandle(products), "releasing cuBLASLt"));
      dnn = new CudaDnn(this);
      cleanups.add(dnn::close);
    } catch (RuntimeException | Error e) {
      cleanups.run();
      throw e;
    }
  }

  /** Describes every GPU that CUDA shows this process, or says why it can't be used. */
  public static List<String> descriptions(CudaApi api) {
    return IntStream.range(0, new CudaContext(api, 0).deviceCount())
        .mapToObj(
            ordinal -> {
              try (CudaDevice device = new CudaDevice(api, ordinal)) {
                return device.description();
              } catch (PanambaException e) {
                return "not usable: " + e.getMessage();
              }
            })
        .toList();
  }

  private String name() {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment name = local.allocate(NAME_BYTES);
      context.checkKernel(
          context.kernels().deviceName(context.ordinal(), name, NAME_BYTES),
          "reading the GPU's properties");
      return name.getString(0);
    }
  }

  private int attribute(int attribute) {
    return context.number(
        "reading the GPU's properties",
        out -> context.runtime().deviceAttribute(out, attribute, context.ordinal()));
  }

  CudaContext context() {
    return context;
  }

  CudaMemory memory() {
    return memory;
  }

  /** cuBLASLt's handle, which threads may share. */
  MemorySegment products() {
    return products;
  }

  CudaDnn dnn() {
    return dnn;
  }

  /**
   * Keeps the device open, and memory from being freed, until {@link #end}; makes the GPU the
   * calling thread's.
   */
  long begin() {
    long stamp = lock.readLock();
    try {
      if (closed) {
        throw new IllegalStateException("the device is closed");
      }
      context.use();
      return stamp;
    } catch (RuntimeException | Error e) {
      lock.unlockRead(stamp);
      throw e;
    }
  }

  void end(long stamp) {
    lock.unlockRead(stamp);
    freeIfIdle();
  }

  @Override
  public String description() {
    return "%s (%s, %s)".formatted(context, name, architecture);
  }

  @Override
  public String kind() {
    return "cuda";
  }

  @Override
  public String tier() {
    return architecture;
  }

  @Override
  public int threads() {
    return 1;
  }

  @Override
  public boolean hasOwnMemory() {
    return true;
  }

  @Override
  public Tensor allocate(Arena owner, DType dtype, Shape shape) {
    long bytes = Math.multiplyExact(shape.elements(), dtype.bytes());
    return Memory.tensor(own(owner, bytes), dtype, shape, this);
  }

  /** Memory of the GPU that an arena owns. */
  private MemorySegment own(Arena owner, long bytes) {
    freeNow();
    long stamp = begin();
    try {
      return bind(memory.allocate(bytes), owner);
    } finally {
      end(stamp);
    }
  }

  @Override
  public Tensor staging(Arena owner, Tensor tensor) {
    requireOwn(tensor);
    freeNow();
    long stamp = begin();
    try {
      MemorySegment host = bind(memory.allocateHost(Memory.of(tensor).byteSize()), owner);
      host.fill((byte) 0);
      return Tensor.of(host, tensor.dtype(), tensor.shape());
    } finally {
      end(stamp);
    }
  }

  private MemorySegment bind(MemorySegment block, Arena owner) {
    long address = block.address();
    try {
      return block.reinterpret(owner, _ -> freeWhenIdle(address));
    } catch (RuntimeException | Error e) {
      memory.free(address);
      throw e;
    }
  }

  private void freeWhenIdle(long address) {
    whenIdle(() -> memory.free(address));
    freeIfIdle();
  }

  /** Releases something when nothing runs or records, at the next {@link #end} or later. */
  void whenIdle(Runnable release) {
    freeable.add(release);
  }

  /** If it is not, who holds the lock does this behind it. */
  private void freeIfIdle() {
    while (!freeable.isEmpty()) {
      long stamp = lock.tryWriteLock();
      if (stamp == 0) {
        return;
      }
      freeAndUnlock(stamp);
    }
  }

  /** Before memory is asked for: on a device that is never idle, this is when it comes back. */
  private void freeNow() {
    if (!freeable.isEmpty()) {
      freeAndUnlock(lock.writeLock());
    }
  }

  private void freeAndUnlock(long stamp) {
    try {
      freeAll();
    } finally {
      lock.unlockWrite(stamp);
    }
  }

  private void freeAll() {
    for (Runnable release = freeable.poll(); release != null; release = freeable.poll()) {
      release.run();
    }
  }

  private void requireOwn(Tensor tensor) {
    Checks.present("copy", "the tensor", tensor);
    Checks.require(
        Memory.home(tensor) == this,
        "copy",
        "%s is not in the memory of %s; expected a tensor of its Device.allocate",
        tensor,
        this);
  }

  @Override
  public void copy(Tensor from, Tensor to) {
    if (from == to) {
      return;
    }
    Checks.sameElements(from, to);
    boolean up = Memory.home(from) == null;
    requireOwn(up ? to : from);
    Checks.require(
        up || Memory.home(to) == null, "copy", "from %s to %s: both are in GPUs' memory", from, to);
    long stamp = begin();
    try {
      memory.copy(
          Memory.of(from), Memory.of(to), up, up ? "copying to " + to : "copying from " + from);
    } finally {
      end(stamp);
    }
  }

  /** Of several matrices the first rows lie side by side, then the second: one matrix again. */
  @Override
  public PackedMatrix pack(Arena owner, List<MatrixSource> sources, DType dtype) {
    int taps = sources.size();
    long columns = sources.getFirst().columns();
    long depth = sources.getFirst().depth();
    try (Arena local = Arena.ofConfined()) {
      MemorySegment packed = packAll(local, sources, dtype);
      if (taps > 1) {
        packed = sideBySide(local, packed, columns, depth, taps, dtype);
      }
      return Memory.matrices(uploaded(owner, packed), dtype, columns, depth, taps, this);
    }
  }

  @Override
  public List<PackedMatrix> packParts(Arena owner, List<MatrixSource> sources, DType dtype) {
    MatrixSource first = sources.getFirst();
    try (Arena local = Arena.ofConfined()) {
      MemorySegment packed = uploaded(owner, packAll(local, sources, dtype));
      return Memory.parts(packed, dtype, first.columns(), first.depth(), sources.size(), this);
    }
  }

  /** Packs matrices one behind the other, in the host's memory. */
  private MemorySegment packAll(Arena local, List<MatrixSource> sources, DType dtype) {
    long columns = sources.getFirst().columns();
    long depth = sources.getFirst().depth();
    long bytes =
        Checks.packedBytes(sources, context.kernels().packedSize(columns, depth, Codes.of(dtype)));
    MemorySegment packed = local.allocate(bytes * sources.size(), Tensor.ALIGNMENT);
    MemorySegment args = panamba_pack_args.allocate(local);
    for (int i = 0; i < sources.size(); i++) {
      MatrixSource source = sources.get(i);
      MatrixStructs.write(args, source, packed.asSlice(i * bytes, bytes), dtype);
      context.checkKernel(
          context.kernels().pack(args, source.data(), MatrixStructs.rowScale(source)),
          "packing a matrix");
    }
    return packed;
  }

  /** A row has that row of every matrix, and zeros that fill it up. */
  private MemorySegment sideBySide(
      Arena local, MemorySegment packed, long columns, long depth, int taps, DType dtype) {
    int code = Codes.of(dtype);
    long from = context.kernels().packedDepth(depth, code) * dtype.bytes();
    long to = context.kernels().packedDepth(taps * depth, code) * dtype.bytes();
    long bytes = depth * dtype.bytes();
    MemorySegment result = local.allocate(columns * to, Tensor.ALIGNMENT);
    for (long n = 0; n < columns; n++) {
      for (int tap = 0; tap < taps; tap++) {
        MemorySegment.copy(packed, (tap * columns + n) * from, result, n * to + tap * bytes, bytes);
      }
    }
    return result;
  }

  private MemorySegment uploaded(Arena owner, MemorySegment host) {
    MemorySegment packed = own(owner, host.byteSize());
    long stamp = begin();
    try {
      memory.copy(host, packed, true, "copying a packed matrix");
      return packed;
    } finally {
      end(stamp);
    }
  }

  @Override
  public Plan plan(List<? extends Operation> operations) {
    List<Operation> list = List.copyOf(operations);
    // A stream records calls of one thread of the operating system, which a virtual thread may
    // leave.
    return Thread.currentThread().isVirtual()
        ? OwnThread.get("panamba-plan", () -> make(list))
        : make(list);
  }

  private Plan make(List<Operation> operations) {
    freeNow();
    long stamp = begin();
    try {
      CudaPlan plan = new CudaPlan(this, operations);
      plans.add(plan);
      return plan;
    } finally {
      end(stamp);
    }
  }

  /** Closes a plan, unless the device has done so. */
  void close(CudaPlan plan) {
    long stamp = lock.readLock();
    try {
      if (plans.remove(plan)) {
        context.useToRelease();
        plan.release();
      }
    } finally {
      end(stamp);
    }
  }

  @Override
  public double measurePeak(int threads, DType dtype) {
    return CudaPeak.measure(this, dtype);
  }

  @Override
  public synchronized void close() {
    long stamp = lock.tryWriteLock();
    if (stamp == 0) {
      throw new IllegalStateException("a plan of %s is running".formatted(this));
    }
    try {
      if (closed) {
        return;
      }
      closed = true;
      context.useToRelease();
      plans.forEach(CudaPlan::release);
      plans.clear();
      freeAll();
      cleanups.run();
    } finally {
      lock.unlockWrite(stamp);
    }
  }

  @Override
  public String toString() {
    return context.toString();
  }
}
