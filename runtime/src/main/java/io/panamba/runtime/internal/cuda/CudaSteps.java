package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.panamba_cuda_h;
import io.panamba.runtime.PanambaException;
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
import io.panamba.runtime.operation.Resize;
import io.panamba.runtime.operation.RoiAlign;
import io.panamba.runtime.operation.Rotary;
import io.panamba.runtime.operation.SelectiveScan;
import io.panamba.runtime.operation.Sum;
import io.panamba.runtime.operation.Together;
import io.panamba.runtime.operation.TrainingOperation;
import io.panamba.runtime.operation.WindowPool;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Writes operations as the steps of a plan. */
final class CudaSteps {
  private final CudaContext context;
  private final CudaDevice device;
  private final CudaArguments arguments;
  private final CudaLinears linears;
  private final CudaConvolutions convolutions;
  private final DnnSteps dnn;
  private final CudaScratch scratch = new CudaScratch();
  private final List<CudaStep> steps = new ArrayList<>();

  /** What has to be done when the scratch memory is there. */
  private final List<Runnable> placements = new ArrayList<>();

  CudaSteps(CudaDevice device, Arena arena, Cleanups cleanups) {
    this.device = device;
    this.context = device.context();
    this.arguments = new CudaArguments(device, context, arena);
    this.linears = new CudaLinears(device, arena, cleanups, this);
    this.convolutions = new CudaConvolutions(context, this, linears);
    this.dnn = new DnnSteps(device, arena, cleanups, this, linears);
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
      case PatchEmbedding op -> convolutions.embed(op);
      case PlanarConv2d op -> convolutions.convolve(op);
      case Conv2d op -> {
        if (!dnn.convolve(op)) {
          convolutions.convolve(op);
        }
      }
      case Attention op -> {
        if (!dnn.attend(op)) {
          shared(op);
        }
      }
      case Linear op -> linears.add(op);
      case GatedLinear op -> linears.add(op);
      case SelectiveScan op -> kernel(op, panamba_cuda_h.PANAMBA_CUDA_SCAN(), arguments.scan(op));
      case Norm _,
          CausalConv _,
          Rotary _,
          Pool _,
          DepthwiseConv _,
          Gate _,
          Sum _,
          PatchMerging _,
          Convert _,
          CrossScan _ ->
          shared(operation);
      case Copy op -> copy(op);
      // One after the other: each fills the device.
      case Together op -> {
        add(op.first());
        add(op.second());
      }
      case Resize op -> throw onProcessor(op);
      case WindowPool op -> throw onProcessor(op);
      case RoiAlign op -> throw onProcessor(op);
      case TrainingOperation op ->
          throw new PanambaException(
              "%s is an operation of training, which runs on the CPU"
                  .formatted(op.getClass().getSimpleName()));
    }
  }

  private static PanambaException onProcessor(Operation operation) {
    return new PanambaException(
        "%s is an operation of heads for dense tasks, which run on the CPU"
            .formatted(operation.getClass().getSimpleName()));
  }

  /** What two operations are in one step, or null if they have to be two. */
  CudaStep joint(Operation one, Operation other) {
    return one instanceof Linear a && other instanceof Linear b ? linears.joint(a, b) : null;
  }

  CudaArguments arguments() {
    return arguments;
  }

  CudaScratch scratch() {
    return scratch;
  }

  void add(CudaStep step) {
    steps.add(step);
  }

  /** Does something when the scratch memory is there. */
  void whenPlaced(Runnable placement) {
    placements.add(placement);
  }

  /** Adds a kernel that the processor has, too. */
  private void shared(Operation operation) {
    kernel(operation, arguments.code(operation), arguments.shared(operation));
  }

  /** Adds a kernel of Panamba's own. */
  void kernel(Operation operation, int code, MemorySegment args) {
    MemorySegment step = arguments.step(code, args);
    long bytes = arguments.workspace(step, operation);
    scratch.needWork(bytes);
    steps.add(new CudaStep.Kernel(context, operation, step, bytes > 0, scratch));
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
