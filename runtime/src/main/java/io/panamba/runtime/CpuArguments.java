package io.panamba.runtime;

import io.panamba.bindings.panamba_causal_conv_args;
import io.panamba.bindings.panamba_conv_direction;
import io.panamba.bindings.panamba_h;
import io.panamba.bindings.panamba_linear_args;
import io.panamba.bindings.panamba_norm_args;
import io.panamba.bindings.panamba_patch_embedding_args;
import io.panamba.bindings.panamba_pool_args;
import io.panamba.bindings.panamba_rotary_args;
import io.panamba.bindings.panamba_scan_direction;
import io.panamba.bindings.panamba_selective_scan_args;
import io.panamba.bindings.panamba_step;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Writes operations as the structs of panamba.h. */
final class CpuArguments {
  private final Arena arena;
  private final Device home;
  private final List<MemorySegment> segments = new ArrayList<>();
  private final CpuTrainingArguments training;

  /**
   * Writes into an arena.
   *
   * @param home whose memory tensors have to be in; null for the host's
   */
  CpuArguments(Arena arena, Device home) {
    this.arena = arena;
    this.home = home;
    this.training = new CpuTrainingArguments(arena, this);
  }

  /** Every segment whose address has been written. */
  List<MemorySegment> segments() {
    return segments;
  }

  /** The number of steps of the native library that an operation is. */
  static int steps(Operation operation) {
    return operation instanceof Together ? 2 : 1;
  }

  /** Writes an operation as its {@link #steps}, the first of which is given by its index. */
  void fill(MemorySegment steps, int index, Operation operation) {
    MemorySegment step = panamba_step.asSlice(steps, index);
    switch (operation) {
      case Together op -> {
        fill(steps, index, op.first());
        panamba_step.with_next(step, 1);
        fill(steps, index + 1, op.second());
      }
      case PatchEmbedding op -> set(step, panamba_h.PANAMBA_PATCH_EMBEDDING(), patchEmbedding(op));
      case Norm op -> set(step, panamba_h.PANAMBA_NORM(), norm(op));
      case Linear op -> set(step, panamba_h.PANAMBA_LINEAR(), linear(op));
      case CausalConv op -> set(step, panamba_h.PANAMBA_CAUSAL_CONV(), causalConv(op));
      case SelectiveScan op -> set(step, panamba_h.PANAMBA_SELECTIVE_SCAN(), selectiveScan(op));
      case Rotary op -> set(step, panamba_h.PANAMBA_ROTARY(), rotary(op));
      case Pool op -> set(step, panamba_h.PANAMBA_POOL(), pool(op));
      case TrainingOperation op -> training.fill(step, op);
      case Copy op -> throw elsewhere(op.from().home() == null ? op.to() : op.from());
    }
  }

  static void set(MemorySegment step, int code, MemorySegment args) {
    panamba_step.operation(step, code);
    panamba_step.args(step, args);
  }

  /** The native code of a type that activations and packed matrices have. */
  static int type(DType dtype) {
    return switch (dtype) {
      case F32 -> panamba_h.PANAMBA_F32();
      case BF16 -> panamba_h.PANAMBA_BF16();
      default -> throw new ShapeException(dtype + " is no type of activations: F32 and BF16 are");
    };
  }

  static int code(Norm.Kind kind) {
    return switch (kind) {
      case RMS -> panamba_h.PANAMBA_RMS_NORM();
      case LAYER -> panamba_h.PANAMBA_LAYER_NORM();
    };
  }

  static int code(Pool.Kind kind) {
    return switch (kind) {
      case MEAN -> panamba_h.PANAMBA_POOL_MEAN();
      case MAX -> panamba_h.PANAMBA_POOL_MAX();
    };
  }

  MemorySegment address(MemorySegment segment) {
    segments.add(segment);
    return segment;
  }

  MemorySegment address(Tensor tensor) {
    if (tensor == null) {
      return MemorySegment.NULL;
    }
    if (tensor.home() != home) {
      throw elsewhere(tensor);
    }
    return address(tensor.memory());
  }

  MemorySegment address(PackedMatrix matrix) {
    if (matrix.home() != home) {
      throw new ShapeException(
          "%s was packed for %s; this plan is for %s"
              .formatted(matrix, name(matrix.home()), name(home)));
    }
    return address(matrix.segment());
  }

  MemorySegment address(Columns columns) {
    return columns == null
        ? MemorySegment.NULL
        : address(columns.tensor()).asSlice(columns.first() * columns.tensor().dtype().bytes());
  }

  private ShapeException elsewhere(Tensor tensor) {
    return new ShapeException(
        "%s lies in the memory of %s; this plan is for %s: take memory from its Device.allocate"
            .formatted(tensor, name(tensor.home()), name(home)));
  }

  private static String name(Device device) {
    return device == null ? "the processor" : device.toString();
  }

  MemorySegment patchEmbedding(PatchEmbedding op) {
    MemorySegment args = panamba_patch_embedding_args.allocate(arena);
    Shape image = op.image().shape();
    panamba_patch_embedding_args.image(args, address(op.image()));
    panamba_patch_embedding_args.weight(args, address(op.weight()));
    panamba_patch_embedding_args.bias(args, address(op.bias()));
    panamba_patch_embedding_args.position(args, address(op.position()));
    panamba_patch_embedding_args.class_token(args, address(op.classTokens()));
    panamba_patch_embedding_args.out(args, address(op.out()));
    panamba_patch_embedding_args.batch(args, image.size(0));
    panamba_patch_embedding_args.channels(args, image.size(1));
    panamba_patch_embedding_args.height(args, image.size(2));
    panamba_patch_embedding_args.width(args, image.size(3));
    panamba_patch_embedding_args.patch_height(args, op.patch());
    panamba_patch_embedding_args.patch_width(args, op.patch());
    panamba_patch_embedding_args.stride_height(args, op.stride());
    panamba_patch_embedding_args.stride_width(args, op.stride());
    panamba_patch_embedding_args.dim(args, op.out().shape().size(2));
    panamba_patch_embedding_args.class_tokens(args, op.classIndex().count());
    panamba_patch_embedding_args.dtype(args, type(op.weight().dtype()));
    for (int i = 0; i < op.classIndex().count(); i++) {
      panamba_patch_embedding_args.class_index(args, i, op.classIndex().place(i));
    }
    return args;
  }

  MemorySegment norm(Norm op) {
    MemorySegment args = panamba_norm_args.allocate(arena);
    long dim = op.residual().shape().size(-1);
    panamba_norm_args.residual(args, address(op.residual()));
    panamba_norm_args.addend(args, address(op.addend()));
    panamba_norm_args.weight(args, address(op.weight()));
    panamba_norm_args.bias(args, address(op.bias()));
    panamba_norm_args.out(args, address(op.out()));
    panamba_norm_args.rows(args, op.residual().shape().elements() / dim);
    panamba_norm_args.dim(args, dim);
    panamba_norm_args.residual_row_stride(args, dim);
    panamba_norm_args.residual_scale(args, op.residualScale());
    panamba_norm_args.eps(args, op.eps());
    panamba_norm_args.kind(args, code(op.kind()));
    panamba_norm_args.dtype(args, type(op.out().dtype()));
    return args;
  }

  private MemorySegment linear(Linear op) {
    MemorySegment args = panamba_linear_args.allocate(arena);
    panamba_linear_args.input(args, address(op.input()));
    panamba_linear_args.weight(args, address(op.weight()));
    panamba_linear_args.bias(args, address(op.bias()));
    panamba_linear_args.out(args, address(op.out()));
    panamba_linear_args.rows(args, op.input().rows());
    panamba_linear_args.depth(args, op.weight().depth());
    panamba_linear_args.columns(args, op.weight().columns());
    panamba_linear_args.input_row_stride(args, op.input().rowStride());
    panamba_linear_args.out_row_stride(args, op.out().rowStride());
    panamba_linear_args.accumulate(args, op.accumulate());
    panamba_linear_args.dtype(args, type(op.weight().dtype()));
    panamba_linear_args.out_dtype(args, type(op.out().tensor().dtype()));
    panamba_linear_args.activation(
        args,
        switch (op.activation()) {
          case NONE -> panamba_h.PANAMBA_ACTIVATION_NONE();
          case SILU -> panamba_h.PANAMBA_ACTIVATION_SILU();
        });
    return args;
  }

  MemorySegment causalConv(CausalConv op) {
    MemorySegment args = panamba_causal_conv_args.allocate(arena);
    Shape shape = op.x().tensor().shape();
    long firstElement = op.x().first() + op.first() * op.x().rowStride();
    panamba_causal_conv_args.x(
        args, address(op.x().tensor()).asSlice(firstElement * op.x().tensor().dtype().bytes()));
    convDirection(panamba_causal_conv_args.forward(args), op.forward());
    convDirection(panamba_causal_conv_args.backward(args), op.backward());
    panamba_causal_conv_args.batch(args, shape.size(0));
    panamba_causal_conv_args.length(args, op.count());
    panamba_causal_conv_args.rows_before(args, op.first());
    panamba_causal_conv_args.rows_after(args, shape.size(1) - op.first() - op.count());
    panamba_causal_conv_args.channels(args, op.x().count());
    panamba_causal_conv_args.x_row_stride(args, op.x().rowStride());
    panamba_causal_conv_args.x_batch_stride(args, op.x().rowStride() * shape.size(1));
    panamba_causal_conv_args.kernel(args, op.kernel());
    panamba_causal_conv_args.dtype(args, type(op.x().tensor().dtype()));
    return args;
  }

  private void convDirection(MemorySegment args, CausalConv.Direction direction) {
    if (direction != null) {
      panamba_conv_direction.weight(args, address(direction.weight()));
      panamba_conv_direction.bias(args, address(direction.bias()));
      panamba_conv_direction.out(args, address(direction.out()));
    }
  }

  MemorySegment selectiveScan(SelectiveScan op) {
    MemorySegment args = panamba_selective_scan_args.allocate(arena);
    Shape shape = op.out().shape();
    panamba_selective_scan_args.gate(args, address(op.gate()));
    panamba_selective_scan_args.image_scale(args, address(op.imageScale()));
    panamba_selective_scan_args.out(args, address(op.out()));
    scanDirection(panamba_selective_scan_args.forward(args), op.forward());
    scanDirection(panamba_selective_scan_args.backward(args), op.backward());
    panamba_selective_scan_args.batch(args, shape.size(0));
    panamba_selective_scan_args.length(args, shape.size(1));
    panamba_selective_scan_args.channels(args, shape.size(2));
    panamba_selective_scan_args.states(args, op.states());
    panamba_selective_scan_args.dt_rank(args, op.dtRank());
    panamba_selective_scan_args.projected_row_stride(args, op.dtRank() + 2 * op.states());
    panamba_selective_scan_args.gate_row_stride(
        args, op.gate() == null ? 0 : op.gate().rowStride());
    panamba_selective_scan_args.scale(args, op.scale());
    panamba_selective_scan_args.accumulate(args, op.accumulate() ? 1 : 0);
    panamba_selective_scan_args.dtype(args, type(op.out().dtype()));
    panamba_selective_scan_args.saved_interval(args, op.savedInterval());
    return args;
  }

  private void scanDirection(MemorySegment args, SelectiveScan.Direction direction) {
    if (direction != null) {
      panamba_scan_direction.u(args, address(direction.u()));
      panamba_scan_direction.projected(args, address(direction.projected()));
      panamba_scan_direction.dt_weight(args, address(direction.dtWeight()));
      panamba_scan_direction.dt_bias(args, address(direction.dtBias()));
      panamba_scan_direction.a(args, address(direction.a()));
      panamba_scan_direction.d(args, address(direction.d()));
      panamba_scan_direction.initial_state(args, address(direction.initialState()));
      panamba_scan_direction.final_state(args, address(direction.finalState()));
      panamba_scan_direction.saved_states(args, address(direction.savedStates()));
    }
  }

  MemorySegment rotary(Rotary op) {
    MemorySegment args = panamba_rotary_args.allocate(arena);
    Shape shape = op.x().shape();
    panamba_rotary_args.x(args, address(op.x()));
    panamba_rotary_args.cos(args, address(op.cos()));
    panamba_rotary_args.sin(args, address(op.sin()));
    panamba_rotary_args.out(args, address(op.out()));
    panamba_rotary_args.batch(args, shape.size(0));
    panamba_rotary_args.length(args, shape.size(1));
    panamba_rotary_args.dim(args, shape.size(2));
    panamba_rotary_args.positions(args, op.cos().shape().size(0));
    panamba_rotary_args.first(args, op.first());
    return args;
  }

  MemorySegment pool(Pool op) {
    MemorySegment args = panamba_pool_args.allocate(arena);
    Shape shape = op.input().shape();
    panamba_pool_args.input(args, address(op.input()));
    panamba_pool_args.out(args, address(op.out()));
    panamba_pool_args.batch(args, shape.size(0));
    panamba_pool_args.length(args, shape.size(1));
    panamba_pool_args.dim(args, shape.size(2));
    panamba_pool_args.first(args, op.first());
    panamba_pool_args.count(args, op.count());
    panamba_pool_args.step(args, op.step());
    panamba_pool_args.kind(args, code(op.kind()));
    return args;
  }
}
