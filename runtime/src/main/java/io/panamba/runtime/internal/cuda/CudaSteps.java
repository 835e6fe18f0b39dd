package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.panamba_cuda_epilogue_args;
import io.panamba.bindings.cuda.panamba_cuda_scan_args;
import io.panamba.runtime.DType;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.PanambaException;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import io.panamba.runtime.internal.Memory;
import io.panamba.runtime.internal.struct.Codes;
import io.panamba.runtime.operation.Attention;
import io.panamba.runtime.operation.CausalConv;
import io.panamba.runtime.operation.Copy;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Norm;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.PatchEmbedding;
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

  CudaSteps(CudaDevice device, Arena arena, Releases releases) {
    this.device = device;
    this.context = device.context();
    this.arena = arena;
    this.arguments = new CudaArguments(device, context, arena);
    this.products = new CudaProducts(device, arena, releases);
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
  void finish(Releases releases) {
    scratch.allocate(device.memory(), releases);
    placements.forEach(Runnable::run);
  }

  void add(Operation operation) {
    switch (operation) {
      case PatchEmbedding op -> patchEmbedding(op);
      case Norm op -> kernel(op, CudaApi::norm, arguments.shared(op));
      case Linear op -> linear(op);
      case CausalConv op -> kernel(op, CudaApi::causalConv, arguments.shared(op));
      case SelectiveScan op -> selectiveScan(op);
      case Rotary op -> kernel(op, CudaApi::rotary, arguments.shared(op));
      case Pool op -> kernel(op, CudaApi::pool, arguments.shared(op));
      case Copy op -> copy(op);
      // One after the other: each fills the device.
      case Together op -> {
        add(op.first());
        add(op.second());
      }
      case Attention op -> kernel(op, CudaApi::attention, arguments.shared(op));
      case TrainingOperation op ->
          throw new PanambaException(
              "%s is an operation of training, which runs on the CPU"
                  .formatted(op.getClass().getSimpleName()));
    }
  }

  private void kernel(Operation operation, CudaStep.KernelCall call, MemorySegment args) {
    steps.add(new CudaStep.Kernel(context, operation, call, args));
  }

  /** Patches are gathered, multiplied, and placed between the class tokens. */
  private void patchEmbedding(PatchEmbedding op) {
    MemorySegment args = arguments.shared(op);
    PackedMatrix weight = op.weight();
    Shape tokens = op.out().shape();
    long rows = tokens.size(0) * (tokens.size(1) - op.classIndex().count());
    long patchBytes = weight.depth() * weight.dtype().bytes();
    scratch.needPatches(
        Math.multiplyExact(rows, patchBytes),
        Math.multiplyExact(rows, weight.columns() * Float.BYTES));
    kernel(op, (api, struct, stream) -> api.gatherPatches(struct, scratch.patches(), stream), args);
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
    placements.add(() -> product.place(scratch.patches(), scratch.product()));
    kernel(op, (api, struct, stream) -> api.placeTokens(struct, scratch.product(), stream), args);
  }

  private CudaProduct product(
      Operation operation, CudaProducts.Kind kind, PackedMatrix weight, float accumulate) {
    CudaProducts.Choice choice = products.choose(kind);
    scratch.needWork(choice.workspace());
    CudaProduct product =
        new CudaProduct(
            device,
            choice,
            scratch,
            operation,
            arguments.addresses().of(weight),
            arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, accumulate));
    steps.add(product);
    return product;
  }

  /** cuBLASLt adds a bias of the output's type, and activations are the epilogue's. */
  private void linear(Linear op) {
    PackedMatrix weight = op.weight();
    MemorySegment input = arguments.addresses().of(op.input());
    MemorySegment out = arguments.addresses().of(op.out());
    MemorySegment bias = arguments.addresses().of(op.bias());
    DType outType = op.out().tensor().dtype();
    boolean fused = outType == DType.F32;
    CudaProducts.Kind kind =
        new CudaProducts.Kind(
            op.input().rows(),
            weight.columns(),
            weight.depth(),
            op.input().rowStride(),
            op.out().rowStride(),
            weight.dtype(),
            outType,
            CudaProducts.alignment(input, op.input().rowStride() * weight.dtype().bytes()),
            CudaProducts.alignment(out, op.out().rowStride() * outType.bytes()),
            fused ? bias.address() : 0);
    product(op, kind, weight, op.accumulate()).place(input, out);
    if (op.activation() != Linear.Activation.NONE || (!fused && op.bias() != null)) {
      kernel(op, CudaApi::epilogue, epilogue(op, out, fused ? MemorySegment.NULL : bias));
    }
  }

  private MemorySegment epilogue(Linear op, MemorySegment out, MemorySegment bias) {
    MemorySegment args = panamba_cuda_epilogue_args.allocate(arena);
    int type = Codes.of(op.out().tensor().dtype());
    panamba_cuda_epilogue_args.input(args, out);
    panamba_cuda_epilogue_args.bias(args, bias);
    panamba_cuda_epilogue_args.out(args, out);
    panamba_cuda_epilogue_args.rows(args, op.out().rows());
    panamba_cuda_epilogue_args.columns(args, op.out().count());
    panamba_cuda_epilogue_args.input_row_stride(args, op.out().rowStride());
    panamba_cuda_epilogue_args.out_row_stride(args, op.out().rowStride());
    panamba_cuda_epilogue_args.input_dtype(args, type);
    panamba_cuda_epilogue_args.out_dtype(args, type);
    panamba_cuda_epilogue_args.activation(args, Codes.of(op.activation()));
    return args;
  }

  private void selectiveScan(SelectiveScan op) {
    MemorySegment args = arguments.scan(op);
    long workspace = arguments.scanWorkspace(args, op);
    scratch.needWork(workspace);
    placements.add(
        () -> {
          panamba_cuda_scan_args.workspace(
              args, workspace == 0 ? MemorySegment.NULL : scratch.work());
          panamba_cuda_scan_args.workspace_size(args, workspace);
        });
    kernel(op, CudaApi::selectiveScan, args);
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
