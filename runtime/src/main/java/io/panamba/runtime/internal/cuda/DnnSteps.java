package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.cudnn_h;
import io.panamba.bindings.cuda.panamba_cuda_epilogue_args;
import io.panamba.bindings.cuda.panamba_cuda_h;
import io.panamba.runtime.DType;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Shape;
import io.panamba.runtime.internal.Memory;
import io.panamba.runtime.internal.struct.Addresses;
import io.panamba.runtime.internal.struct.Codes;
import io.panamba.runtime.operation.Attention;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Conv2d;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Operation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;

/** Writes a plan's operations as graphs of cuDNN's, if it does them as Panamba wants them. */
final class DnnSteps {
  private final CudaDevice device;
  private final CudaContext context;
  private final CudaDnn dnn;
  private final CudaSteps steps;
  private final CudaLinears linears;
  private final Addresses addresses;
  private final Arena arena;
  private final Cleanups cleanups;

  /** The plan's own; null before it is first asked for, and where there is no cuDNN. */
  private MemorySegment handle;

  DnnSteps(
      CudaDevice device, Arena arena, Cleanups cleanups, CudaSteps steps, CudaLinears linears) {
    this.device = device;
    this.context = device.context();
    this.dnn = device.dnn();
    this.steps = steps;
    this.linears = linears;
    this.addresses = steps.arguments().addresses();
    this.arena = arena;
    this.cleanups = cleanups;
  }

  /** Adds a convolution; returns false, and adds nothing, if cuDNN does not do it. */
  boolean convolve(Conv2d op) {
    PackedMatrix weight = op.weight();
    DType type = weight.dtype();
    boolean isPlain = op.activation() == Linear.Activation.NONE;
    // In bfloat16 an activation would be given sums that have been rounded.
    if (op.transposed()
        || op.accumulate() != 0
        || op.out().dtype() != type
        || !(isPlain || type == DType.F32)) {
      return false;
    }
    Map<Long, MemorySegment> places = new TreeMap<>();
    places.put(DnnGraph.INPUT, addresses.of(op.input()));
    places.put(DnnGraph.WEIGHT, addresses.of(weight));
    places.put(DnnGraph.OUT, addresses.of(op.out()));
    if (op.bias() != null) {
      places.put(DnnGraph.BIAS, addresses.of(op.bias()));
    }
    DnnGraph graph =
        new DnnGraph.Convolution(
            op.out().shape().size(0),
            op.grid(),
            weight.depth(),
            op.input().rowStride(),
            op.kernel(),
            op.outGrid(),
            weight.columns(),
            Memory.of(weight).byteSize() / weight.columns() / type.bytes(),
            op.bias() != null,
            type);
    CudaDnn.Shared shared = plan(graph, places.values());
    if (shared == null) {
      return false;
    }
    if (op.bias() != null && type != DType.F32) {
      round(op, places, CudaScratch.aligned(shared.plan().workspace()));
    }
    add(op, shared, places);
    linears.activate(op, op.activation(), Columns.of(op.out()));
    return true;
  }

  /** Rounds a bias to the output's type, behind the graph's workspace. */
  private void round(Conv2d op, Map<Long, MemorySegment> places, long behind) {
    DType outType = op.out().dtype();
    long columns = op.weight().columns();
    long bytes = columns * outType.bytes();
    steps.scratch().needWork(behind + bytes);
    MemorySegment args = panamba_cuda_epilogue_args.allocate(arena);
    panamba_cuda_epilogue_args.input(args, addresses.of(op.bias()));
    panamba_cuda_epilogue_args.rows(args, 1);
    panamba_cuda_epilogue_args.columns(args, columns);
    panamba_cuda_epilogue_args.input_row_stride(args, columns);
    panamba_cuda_epilogue_args.out_row_stride(args, columns);
    panamba_cuda_epilogue_args.input_dtype(args, Codes.of(DType.F32));
    panamba_cuda_epilogue_args.out_dtype(args, Codes.of(outType));
    panamba_cuda_epilogue_args.activation(args, Codes.of(Linear.Activation.NONE));
    steps.kernel(op, panamba_cuda_h.PANAMBA_CUDA_EPILOGUE(), args);
    steps.whenPlaced(
        () -> {
          MemorySegment rounded = steps.scratch().work().asSlice(behind, bytes);
          panamba_cuda_epilogue_args.out(args, rounded);
          places.put(DnnGraph.BIAS, rounded);
        });
  }

  /** Adds attention; returns false, and adds nothing, if cuDNN does not do it. */
  boolean attend(Attention op) {
    Shape shape = op.q().tensor().shape();
    if (op.q().tensor().dtype() != DType.BF16 || op.statistics() != null) {
      return false;
    }
    Map<Long, MemorySegment> places = new TreeMap<>();
    places.put(DnnGraph.QUERIES, addresses.of(op.q()));
    places.put(DnnGraph.KEYS, addresses.of(op.k()));
    places.put(DnnGraph.VALUES, addresses.of(op.v()));
    places.put(DnnGraph.OUT, addresses.of(op.out()));
    DnnGraph graph =
        new DnnGraph.SelfAttention(
            shape.size(0),
            op.heads(),
            shape.size(1),
            op.k().tensor().shape().size(1),
            op.q().count() / op.heads(),
            op.q().rowStride(),
            op.k().rowStride(),
            op.v().rowStride(),
            op.out().rowStride());
    CudaDnn.Shared shared = plan(graph, places.values());
    if (shared == null) {
      return false;
    }
    places.put(DnnGraph.SCALE, arena.allocateFrom(ValueLayout.JAVA_FLOAT, op.scale()));
    add(op, shared, places);
    return true;
  }

  /** A plan of a graph, or null if cuDNN does not do it or tensors are not aligned for it. */
  private CudaDnn.Shared plan(DnnGraph graph, Collection<MemorySegment> tensors) {
    if (tensors.stream().anyMatch(tensor -> tensor.address() % DnnDescriptors.ALIGNMENT != 0)) {
      return null;
    }
    if (handle == null) {
      handle = dnn.handle(cleanups);
    }
    return handle == null ? null : dnn.plan(graph, handle, cleanups);
  }

  private void add(Operation op, CudaDnn.Shared shared, Map<Long, MemorySegment> places) {
    steps.scratch().needWork(shared.plan().workspace());
    DnnStep step = new DnnStep(context, dnn.api(), handle, shared, op);
    steps.add(step);
    steps.whenPlaced(
        () -> {
          step.place(variantPack(op, places, cleanups));
          dnn.beforeFirstRun(shared, () -> tryOut(step, shared, op, places));
        });
  }

  private MemorySegment variantPack(Operation op, Map<Long, MemorySegment> places, Cleanups owner) {
    try {
      DnnDescriptors descriptors = new DnnDescriptors(dnn.api(), owner);
      MemorySegment pack = descriptors.create(cudnn_h.CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR());
      long[] ids = places.keySet().stream().mapToLong(Long::longValue).toArray();
      descriptors.setNumbers(pack, cudnn_h.CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS(), ids);
      descriptors.setPointers(
          pack,
          cudnn_h.CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS(),
          cudnn_h.CUDNN_TYPE_VOID_PTR(),
          places.values().toArray(MemorySegment[]::new));
      descriptors.setPointers(
          pack,
          cudnn_h.CUDNN_ATTR_VARIANT_PACK_WORKSPACE(),
          cudnn_h.CUDNN_TYPE_VOID_PTR(),
          steps.scratch().work());
      descriptors.finish(pack);
      return pack;
    } catch (DnnRefusal e) {
      throw context.dnnFailure(e, op);
    }
  }

  /**
   * Executes a graph once before it is recorded, since an engine loads its code when it first runs.
   * The output goes to memory of its own: nobody has asked for it yet.
   */
  private void tryOut(
      DnnStep step, CudaDnn.Shared shared, Operation op, Map<Long, MemorySegment> places) {
    RuntimeApi runtime = context.runtime();
    Cleanups local = new Cleanups();
    try {
      MemorySegment out = device.memory().allocate(shared.graph().outBytes());
      local.add(() -> device.memory().free(out.address()));
      Map<Long, MemorySegment> others = new TreeMap<>(places);
      others.put(DnnGraph.OUT, out);
      MemorySegment pack = variantPack(op, others, local);
      MemorySegment stream = context.create("creating a stream", runtime::createStream);
      local.add(() -> context.released(runtime.destroyStream(stream), "releasing a stream"));
      try {
        step.execute(pack, stream);
      } finally {
        // What was launched works on memory that is free to go afterwards.
        context.check(runtime.synchronize(stream), op);
      }
    } finally {
      local.run();
    }
  }
}
