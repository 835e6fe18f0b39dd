package io.panamba.runtime.internal.cpu;

import io.panamba.bindings.panamba_h;
import io.panamba.bindings.panamba_pack_args;
import io.panamba.bindings.panamba_step;
import io.panamba.runtime.Arenas;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import io.panamba.runtime.internal.Memory;
import io.panamba.runtime.internal.library.NativeLibrary;
import io.panamba.runtime.internal.struct.Codes;
import io.panamba.runtime.internal.struct.MatrixStructs;
import io.panamba.runtime.operation.Operation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** The processor, through the native library. */
public final class CpuDevice implements Device {
  private static final int MAX_THREADS = 1024;
  private static final int PEAK_MILLISECONDS = 200;

  private final Arena arena;
  private final MemorySegment executor;
  private final int threads;

  public CpuDevice(int threads) {
    if (threads < 1 || threads > MAX_THREADS) {
      throw new IllegalArgumentException(
          "a device has 1 to %d threads, not %d".formatted(MAX_THREADS, threads));
    }
    NativeLibrary.ensureLoaded();
    this.threads = threads;
    this.arena = Arenas.shared();
    MemorySegment address;
    try (Arena local = Arena.ofConfined()) {
      MemorySegment result = local.allocate(ValueLayout.ADDRESS);
      NativeStatus.check(panamba_h.panamba_executor_create(threads, result));
      // As a number: a handle on addresses takes Java five milliseconds to make.
      address = MemorySegment.ofAddress(result.get(ValueLayout.JAVA_LONG, 0));
    }
    // Bound to the arena, the executor can't be destroyed while a downcall that was handed it is
    // under way, nor as long as a plan refers to it.
    this.executor = Arenas.bind(arena, address, 0, panamba_h::panamba_executor_destroy);
  }

  public MemorySegment executor() {
    return executor;
  }

  @Override
  public String description() {
    return "%s (%s, %d thread%s)".formatted(kind(), tier(), threads, threads == 1 ? "" : "s");
  }

  @Override
  public String kind() {
    return "cpu";
  }

  @Override
  public String tier() {
    return panamba_h.panamba_tier().getString(0);
  }

  @Override
  public int threads() {
    return threads;
  }

  @Override
  public PackedMatrix pack(Arena owner, List<MatrixSource> sources, DType dtype) {
    MatrixSource first = sources.getFirst();
    MemorySegment packed = packAll(owner, sources, dtype);
    return Memory.matrices(packed, dtype, first.columns(), first.depth(), sources.size(), null);
  }

  @Override
  public List<PackedMatrix> packParts(Arena owner, List<MatrixSource> sources, DType dtype) {
    MatrixSource first = sources.getFirst();
    MemorySegment packed = packAll(owner, sources, dtype);
    return Memory.parts(packed, dtype, first.columns(), first.depth(), sources.size(), null);
  }

  /** Packs by the call that runs plans: each other kind of call takes Java milliseconds to make. */
  private MemorySegment packAll(Arena owner, List<MatrixSource> sources, DType dtype) {
    long columns = sources.getFirst().columns();
    long depth = sources.getFirst().depth();
    long bytes =
        Checks.packedBytes(sources, panamba_h.panamba_packed_size(columns, depth, Codes.of(dtype)));
    MemorySegment packed = owner.allocate(bytes * sources.size(), Tensor.ALIGNMENT);
    try (Arena local = Arena.ofConfined()) {
      MemorySegment args = panamba_pack_args.allocate(local);
      MemorySegment step = panamba_step.allocate(local);
      panamba_step.operation(step, panamba_h.PANAMBA_PACK());
      panamba_step.args(step, args);
      MemorySegment none = MemorySegment.NULL;
      for (int i = 0; i < sources.size(); i++) {
        MatrixSource source = sources.get(i);
        MatrixStructs.write(args, source, packed.asSlice(i * bytes, bytes), dtype);
        // The struct holds plain addresses; the segments keep their arenas open during the call.
        NativeStatus.check(
            panamba_h.panamba_run(
                executor,
                step,
                1,
                args,
                source.data(),
                MatrixStructs.rowScale(source),
                packed,
                none,
                none));
      }
    }
    return packed;
  }

  @Override
  public boolean hasOwnMemory() {
    return false;
  }

  @Override
  public Tensor allocate(Arena owner, DType dtype, Shape shape) {
    return Tensor.allocate(owner, dtype, shape);
  }

  @Override
  public Tensor staging(Arena owner, Tensor tensor) {
    return tensor;
  }

  @Override
  public void copy(Tensor from, Tensor to) {
    if (from != to) {
      Checks.sameElements(from, to);
      to.segment().copyFrom(from.segment());
    }
  }

  @Override
  public Plan plan(List<? extends Operation> operations) {
    return new CpuPlan(this, List.copyOf(operations));
  }

  @Override
  public double measurePeak(int threads, DType dtype) {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment result = local.allocate(ValueLayout.JAVA_DOUBLE);
      NativeStatus.check(
          panamba_h.panamba_measure_peak(threads, PEAK_MILLISECONDS, Codes.of(dtype), result));
      return result.get(ValueLayout.JAVA_DOUBLE, 0);
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
