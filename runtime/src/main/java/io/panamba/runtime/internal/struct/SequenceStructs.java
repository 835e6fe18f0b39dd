package io.panamba.runtime.internal.struct;

import io.panamba.bindings.panamba_causal_conv_args;
import io.panamba.bindings.panamba_conv_direction;
import io.panamba.bindings.panamba_conv_gradient_args;
import io.panamba.bindings.panamba_conv_gradient_direction;
import io.panamba.bindings.panamba_rotary_args;
import io.panamba.bindings.panamba_scan_direction;
import io.panamba.bindings.panamba_scan_gradient_args;
import io.panamba.bindings.panamba_scan_gradient_direction;
import io.panamba.bindings.panamba_selective_scan_args;
import io.panamba.runtime.Shape;
import io.panamba.runtime.operation.CausalConv;
import io.panamba.runtime.operation.ConvGradient;
import io.panamba.runtime.operation.Rotary;
import io.panamba.runtime.operation.ScanGradient;
import io.panamba.runtime.operation.SelectiveScan;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Writes operations along a sequence as structs: convolution, scan, rotation, and their gradients.
 */
final class SequenceStructs {
  private final Arena arena;
  private final Addresses addresses;

  SequenceStructs(Arena arena, Addresses addresses) {
    this.arena = arena;
    this.addresses = addresses;
  }

  MemorySegment causalConv(CausalConv op) {
    MemorySegment args = panamba_causal_conv_args.allocate(arena);
    Shape shape = op.x().tensor().shape();
    long firstElement = op.x().first() + op.first() * op.x().rowStride();
    panamba_causal_conv_args.x(
        args,
        addresses.of(op.x().tensor()).asSlice(firstElement * op.x().tensor().dtype().bytes()));
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
    panamba_causal_conv_args.dtype(args, Codes.of(op.x().tensor().dtype()));
    return args;
  }

  private void convDirection(MemorySegment args, CausalConv.Direction direction) {
    if (direction != null) {
      panamba_conv_direction.weight(args, addresses.of(direction.weight()));
      panamba_conv_direction.bias(args, addresses.of(direction.bias()));
      panamba_conv_direction.out(args, addresses.of(direction.out()));
    }
  }

  MemorySegment selectiveScan(SelectiveScan op) {
    MemorySegment args = panamba_selective_scan_args.allocate(arena);
    Shape shape = op.out().shape();
    panamba_selective_scan_args.gate(args, addresses.of(op.gate()));
    panamba_selective_scan_args.image_scale(args, addresses.of(op.imageScale()));
    panamba_selective_scan_args.out(args, addresses.of(op.out()));
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
    panamba_selective_scan_args.dtype(args, Codes.of(op.out().dtype()));
    panamba_selective_scan_args.saved_interval(args, op.savedInterval());
    return args;
  }

  private void scanDirection(MemorySegment args, SelectiveScan.Direction direction) {
    if (direction != null) {
      panamba_scan_direction.u(args, addresses.of(direction.u()));
      panamba_scan_direction.projected(args, addresses.of(direction.projected()));
      panamba_scan_direction.dt_weight(args, addresses.of(direction.dtWeight()));
      panamba_scan_direction.dt_bias(args, addresses.of(direction.dtBias()));
      panamba_scan_direction.a(args, addresses.of(direction.a()));
      panamba_scan_direction.d(args, addresses.of(direction.d()));
      panamba_scan_direction.initial_state(args, addresses.of(direction.initialState()));
      panamba_scan_direction.final_state(args, addresses.of(direction.finalState()));
      panamba_scan_direction.saved_states(args, addresses.of(direction.savedStates()));
    }
  }

  MemorySegment rotary(Rotary op) {
    MemorySegment args = panamba_rotary_args.allocate(arena);
    Shape shape = op.x().shape();
    panamba_rotary_args.x(args, addresses.of(op.x()));
    panamba_rotary_args.cos(args, addresses.of(op.cos()));
    panamba_rotary_args.sin(args, addresses.of(op.sin()));
    panamba_rotary_args.out(args, addresses.of(op.out()));
    panamba_rotary_args.batch(args, shape.size(0));
    panamba_rotary_args.length(args, shape.size(1));
    panamba_rotary_args.dim(args, shape.size(2));
    panamba_rotary_args.positions(args, op.cos().shape().size(0));
    panamba_rotary_args.first(args, op.first());
    return args;
  }

  MemorySegment convGradient(ConvGradient op) {
    MemorySegment args = panamba_conv_gradient_args.allocate(arena);
    Shape shape = op.x().tensor().shape();
    panamba_conv_gradient_args.x(args, addresses.of(op.x()));
    panamba_conv_gradient_args.x_gradient(args, addresses.of(op.xGradient()));
    convDirection(panamba_conv_gradient_args.forward(args), op.forward());
    convDirection(panamba_conv_gradient_args.backward(args), op.backward());
    panamba_conv_gradient_args.batch(args, shape.size(0));
    panamba_conv_gradient_args.length(args, shape.size(1));
    panamba_conv_gradient_args.channels(args, op.x().count());
    panamba_conv_gradient_args.x_row_stride(args, op.x().rowStride());
    panamba_conv_gradient_args.x_gradient_row_stride(args, op.xGradient().rowStride());
    panamba_conv_gradient_args.kernel(args, op.kernel());
    return args;
  }

  private void convDirection(MemorySegment args, ConvGradient.Direction direction) {
    if (direction != null) {
      panamba_conv_gradient_direction.weight(args, addresses.of(direction.weight()));
      panamba_conv_gradient_direction.bias(args, addresses.of(direction.bias()));
      panamba_conv_gradient_direction.out_gradient(args, addresses.of(direction.outGradient()));
      panamba_conv_gradient_direction.parameter_parts(
          args, addresses.of(direction.parameterParts()));
    }
  }

  MemorySegment scanGradient(ScanGradient op) {
    MemorySegment args = panamba_scan_gradient_args.allocate(arena);
    Shape shape = op.outGradient().shape();
    panamba_scan_gradient_args.out_gradient(args, addresses.of(op.outGradient()));
    panamba_scan_gradient_args.z(args, addresses.of(op.z()));
    panamba_scan_gradient_args.image_scale(args, addresses.of(op.imageScale()));
    panamba_scan_gradient_args.z_gradient(args, addresses.of(op.zGradient()));
    panamba_scan_gradient_args.out(args, addresses.of(op.out()));
    scanDirection(panamba_scan_gradient_args.forward(args), op.forward());
    scanDirection(panamba_scan_gradient_args.backward(args), op.backward());
    panamba_scan_gradient_args.batch(args, shape.size(0));
    panamba_scan_gradient_args.length(args, shape.size(1));
    panamba_scan_gradient_args.channels(args, shape.size(2));
    panamba_scan_gradient_args.states(args, op.states());
    panamba_scan_gradient_args.dt_rank(args, op.dtRank());
    panamba_scan_gradient_args.projected_row_stride(args, op.dtRank() + 2 * op.states());
    panamba_scan_gradient_args.z_row_stride(args, op.z() == null ? 0 : op.z().rowStride());
    panamba_scan_gradient_args.z_gradient_row_stride(
        args, op.z() == null ? 0 : op.zGradient().rowStride());
    panamba_scan_gradient_args.scale(args, op.scale());
    panamba_scan_gradient_args.saved_interval(args, op.savedInterval());
    return args;
  }

  private void scanDirection(MemorySegment args, ScanGradient.Direction direction) {
    if (direction != null) {
      SelectiveScan.Direction scan = direction.scan();
      panamba_scan_gradient_direction.u(args, addresses.of(scan.u()));
      panamba_scan_gradient_direction.projected(args, addresses.of(scan.projected()));
      panamba_scan_gradient_direction.dt_weight(args, addresses.of(scan.dtWeight()));
      panamba_scan_gradient_direction.dt_bias(args, addresses.of(scan.dtBias()));
      panamba_scan_gradient_direction.a(args, addresses.of(scan.a()));
      panamba_scan_gradient_direction.d(args, addresses.of(scan.d()));
      panamba_scan_gradient_direction.saved_states(args, addresses.of(scan.savedStates()));
      panamba_scan_gradient_direction.u_gradient(args, addresses.of(direction.uGradient()));
      panamba_scan_gradient_direction.projected_parts(
          args, addresses.of(direction.projectedParts()));
      panamba_scan_gradient_direction.parameter_parts(
          args, addresses.of(direction.parameterParts()));
    }
  }
}
