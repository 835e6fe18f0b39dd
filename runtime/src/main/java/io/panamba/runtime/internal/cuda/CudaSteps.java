package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.panamba_cuda_embedding_args;
import io.panamba.bindings.cuda.panamba_cuda_h;
import io.panamba.runtime.DType;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.PanambaException;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import io.panamba.runtime.internal.Memory;
import io.panamba.runtime.operation.Attention;
import io.panamba.runtime.operation.CausalConv;
import io.panamba.runtime.operation.Conv2d;
import io.panamba.runtime.operation.Convert;
import io.panamba.runtime.operation.Copy;
import io.panamba.runtime.operation.CrossScan;
import io.panamba.runtime.operation.DepthwiseConv;
import io.panamba.runtime.operation.Gate;
import io.panamba.runtime.operation.GatedLinear;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Norm;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.PatchEmbedding;
import io.panamba.runtime.operation.PatchMerging;
import io.panamba.runtime.operation.PlanarConv2d;
import io.panamba.runtime.operation.Pool;
import io.panamba.runtime.operation.Rotary;
import io.panamba.runtime.operation.SelectiveScan;
import io.panamba.runtime.operation.Together;
import io.panamba.runtime.operation.TrainingOperation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** Writes operations as the steps of a plan: structs of arguments, and products of cuBLASLt. */
final class CudaSteps {
  private final CudaContext context;
  private final CudaDevice device;
  private final Arena arena;
  private final CudaArguments arguments;
  private final CudaProducts products;
  private final CudaScratch scratch = new CudaScratch();
  private final List<CudaStep> steps = new ArrayList<>();

  /** What has to be done when the scratch memory is there. */
  private final List<Runnable> placements = new ArrayList<>();

  CudaSteps(CudaDevice device, Arena arena, Cleanups cleanups) {
    this.device = device;
    this.context = device.context();
    this.arena = arena;
    this.arguments = new CudaArguments(device, context, arena);
    this.products = new CudaProducts(device, arena, cleanups);
  }

  /** The steps so far. */
  List<CudaStep> steps() {
    return steps;
  }

  /** Every segment whose address a step has. */
  List<MemorySegment> segments() {
    return arguments.addresses().segments();
  }

  /** Allocates what steps share, after the last one. */
  void finish(Cleanups cleanups) {
    scratch.allocate(device.memory(), cleanups);
    placements.forEach(Runnable::run);
  }

  void add(Operation operation) {
    switch (operation) {
      case PatchEmbedding op -> patchEmbedding(op);
      case Linear op -> linear(op);
      case SelectiveScan op -> kernel(op, panamba_cuda_h.PANAMBA_CUDA_SCAN(), arguments.scan(op));
      case Norm _, CausalConv _, Rotary _, Pool _, Attention _ ->
          kernel(operation, arguments.code(operation), arguments.shared(operation));
      case Copy op -> copy(op);
      // One after the other: each fills the device.
      case Together op -> {
        add(op.first());
        add(op.second());
      }
      case GatedLinear _,
          Gate _,
          Conv2d _,
          PlanarConv2d _,
          DepthwiseConv _,
          PatchMerging _,
          Convert _,
          CrossScan _ ->
          throw new PanambaException(
              "%s has no kernel for GPUs; networks that need it run on the CPU"
                  .formatted(operation.getClass().getSimpleName()));
      case TrainingOperation op ->
          throw new PanambaException(
              "%s is an operation of training, which runs on the CPU"
                  .formatted(op.getClass().getSimpleName()));
    }
  }

  private void kernel(Operation operation, int code, MemorySegment args) {
    MemorySegment step = arguments.step(code, args);
    long bytes = arguments.workspace(step, operation);
    scratch.needWork(bytes);
    steps.add(new CudaStep.Kernel(context, operation, step, bytes > 0, scratch));
  }

  /** Patches are gathered, multiplied, and placed between the class tokens. */
  private void patchEmbedding(PatchEmbedding op) {
    MemorySegment args = arguments.embedding(op);
    PackedMatrix weight = op.weight();
    Shape tokens = op.out().shape();
    long rows = tokens.size(0) * (tokens.size(1) - op.classIndex().count());
    long patchBytes = weight.depth() * weight.dtype().bytes();
    scratch.needPatches(
        Math.multiplyExact(rows, patchBytes),
        Math.multiplyExact(rows, weight.columns() * Float.BYTES));
    kernel(op, panamba_cuda_h.PANAMBA_CUDA_GATHER_PATCHES(), args);
    CudaProducts.Kind kind =
        new CudaProducts.Kind(
            rows,
            weight.columns(),
            weight.depth(),
            weight.depth(),
            weight.columns(),
            weight.dtype(),
            DType.F32,
            CudaProducts.alignment(MemorySegment.NULL, patchBytes),
            CudaProducts.alignment(MemorySegment.NULL, weight.columns() * Float.BYTES),
            0);
    CudaProduct product = product(op, kind, weight, 0);
    kernel(op, panamba_cuda_h.PANAMBA_CUDA_PLACE_TOKENS(), args);
    placements.add(
        () -> {
          panamba_cuda_embedding_args.patches(args, scratch.patches());
          panamba_cuda_embedding_args.product(args, scratch.product());
          product.place(scratch.patches(), scratch.product());
        });
  }

  private CudaProduct product(
      Operation operation, CudaProducts.Kind kind, PackedMatrix weight, float accumulate) {
    CudaProduct product = prepare(operation, kind, weight, accumulate);
    steps.add(product);
    return product;
  }

  private CudaProduct prepare(
      Operation operation, CudaProducts.Kind kind, PackedMatrix weight, float accumulate) {
    CudaProducts.Choice choice = products.choose(kind);
    scratch.needWork(choice.workspace());
    return new CudaProduct(
        device,
        choice,
        scratch,
        operation,
        arguments.addresses().of(weight),
        arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, accumulate));
  }

  /**
   * The product of two linear layers of one input whose weights and outputs lie side by side, as
   * those of a layer's parts do; null if they don't.
   */
  CudaStep joint(Operation one, Operation other) {
    if (!(one instanceof Linear a && other instanceof Linear b && isContinued(a, b))) {
      return null;
    }
    MemorySegment bias = arguments.addresses().of(a.bias());
    CudaProducts.Kind kind = kind(a, a.weight().columns() + b.weight().columns(), bias);
    CudaProduct product = prepare(a, kind, a.weight(), a.accumulate());
    product.place(arguments.addresses().of(a.input()), arguments.addresses().of(a.out()));
    return product;
  }

  private boolean isContinued(Linear a, Linear b) {
    boolean isAlike =
        a.input().equals(b.input())
            && a.accumulate() == b.accumulate()
            && a.weight().dtype() == b.weight().dtype()
            && a.out().tensor() == b.out().tensor();
    boolean isProduct =
        a.activation() == Linear.Activation.NONE
            && b.activation() == Linear.Activation.NONE
            && (a.bias() == null || a.out().tensor().dtype() == DType.F32);
    return isAlike
        && isProduct
        && a.out().first() + a.out().count() == b.out().first()
        && isBehind(Memory.of(a.weight()), Memory.of(b.weight()))
        && (a.bias() == null
            ? b.bias() == null
            : b.bias() != null && isBehind(Memory.of(a.bias()), Memory.of(b.bias())));
  }

  private static boolean isBehind(MemorySegment first, MemorySegment second) {
    return first.address() + first.byteSize() == second.address();
  }

  private CudaProducts.Kind kind(Linear op, long columns, MemorySegment bias) {
    PackedMatrix weight = op.weight();
    DType outType = op.out().tensor().dtype();
    MemorySegment input = arguments.addresses().of(op.input());
    MemorySegment out = arguments.addresses().of(op.out());
    return new CudaProducts.Kind(
        op.input().rows(),
        columns,
        weight.depth(),
        op.input().rowStride(),
        op.out().rowStride(),
        weight.dtype(),
        outType,
        CudaProducts.alignment(input, op.input().rowStride() * weight.dtype().bytes()),
        CudaProducts.alignment(out, op.out().rowStride() * outType.bytes()),
        outType == DType.F32 ? bias.address() : 0);
  }

  /** cuBLASLt adds a bias of the output's type, and activations are the epilogue's. */
  private void linear(Linear op) {
    PackedMatrix weight = op.weight();
    MemorySegment input = arguments.addresses().of(op.input());
    MemorySegment out = arguments.addresses().of(op.out());
    MemorySegment bias = arguments.addresses().of(op.bias());
    DType outType = op.out().tensor().dtype();
    boolean fused = outType == DType.F32;
    CudaProducts.Kind kind = kind(op, weight.columns(), bias);
    product(op, kind, weight, op.accumulate()).place(input, out);
    if (op.activation() != Linear.Activation.NONE || (!fused && op.bias() != null)) {
      MemorySegment args = arguments.epilogue(op, out, fused ? MemorySegment.NULL : bias);
      kernel(op, panamba_cuda_h.PANAMBA_CUDA_EPILOGUE(), args);
    }
  }

  private void copy(Copy op) {
    boolean up = Memory.home(op.from()) == null;
    Tensor host = up ? op.from() : op.to();
    Tensor own = up ? op.to() : op.from();
    // Checks whose memory it is, and keeps both from being closed.
    arguments.addresses().of(own);
    Checks.require(
        device.memory().isPinned(Memory.of(host)),
        "copy",
        "%s is not in pinned memory; expected a tensor of Device.staging of %s",
        host,
        device);
    arguments.addresses().of(Memory.of(host));
    steps.add(new CudaStep.Transfer(context, op));
  }
}
