package io.panamba.runtime.internal.struct;

import io.panamba.bindings.panamba_cross_scan_args;
import io.panamba.bindings.panamba_cross_scan_gradient_args;
import io.panamba.runtime.operation.CrossScan;
import io.panamba.runtime.operation.CrossScanGradient;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Writes cross scans and their gradients as structs. */
final class CrossScanStructs {
  private final Arena arena;
  private final Addresses addresses;

  CrossScanStructs(Arena arena, Addresses addresses) {
    this.arena = arena;
    this.addresses = addresses;
  }

  MemorySegment crossScan(CrossScan op) {
    MemorySegment args = panamba_cross_scan_args.allocate(arena);
    CrossScan.Inputs inputs = op.inputs();
    panamba_cross_scan_args.u(args, addresses.of(inputs.u()));
    panamba_cross_scan_args.projected(args, addresses.of(inputs.projected()));
    panamba_cross_scan_args.dt_weight(args, addresses.of(inputs.dtWeight()));
    panamba_cross_scan_args.dt_bias(args, addresses.of(inputs.dtBias()));
    panamba_cross_scan_args.a(args, addresses.of(inputs.a()));
    panamba_cross_scan_args.d(args, addresses.of(inputs.d()));
    panamba_cross_scan_args.out(args, addresses.of(op.out()));
    panamba_cross_scan_args.saved_states(args, addresses.of(op.savedStates()));
    panamba_cross_scan_args.batch(args, inputs.batch());
    panamba_cross_scan_args.height(args, inputs.grid().height());
    panamba_cross_scan_args.width(args, inputs.grid().width());
    panamba_cross_scan_args.channels(args, inputs.channels());
    panamba_cross_scan_args.states(args, inputs.states());
    panamba_cross_scan_args.dt_rank(args, inputs.dtRank());
    panamba_cross_scan_args.projected_row_stride(args, inputs.width());
    panamba_cross_scan_args.walks(args, Codes.of(inputs.walks()));
    panamba_cross_scan_args.dtype(args, Codes.of(inputs.u().dtype()));
    panamba_cross_scan_args.saved_interval(args, op.savedInterval());
    return args;
  }

  MemorySegment crossScanGradient(CrossScanGradient op) {
    MemorySegment args = panamba_cross_scan_gradient_args.allocate(arena);
    CrossScan.Inputs inputs = op.inputs();
    panamba_cross_scan_gradient_args.u(args, addresses.of(inputs.u()));
    panamba_cross_scan_gradient_args.projected(args, addresses.of(inputs.projected()));
    panamba_cross_scan_gradient_args.dt_weight(args, addresses.of(inputs.dtWeight()));
    panamba_cross_scan_gradient_args.dt_bias(args, addresses.of(inputs.dtBias()));
    panamba_cross_scan_gradient_args.a(args, addresses.of(inputs.a()));
    panamba_cross_scan_gradient_args.d(args, addresses.of(inputs.d()));
    panamba_cross_scan_gradient_args.saved_states(args, addresses.of(op.savedStates()));
    panamba_cross_scan_gradient_args.out_gradient(args, addresses.of(op.outGradient()));
    panamba_cross_scan_gradient_args.u_gradient(args, addresses.of(op.uGradient()));
    panamba_cross_scan_gradient_args.projected_parts(args, addresses.of(op.projectedParts()));
    panamba_cross_scan_gradient_args.parameter_parts(args, addresses.of(op.parameterParts()));
    panamba_cross_scan_gradient_args.batch(args, inputs.batch());
    panamba_cross_scan_gradient_args.height(args, inputs.grid().height());
    panamba_cross_scan_gradient_args.width(args, inputs.grid().width());
    panamba_cross_scan_gradient_args.channels(args, inputs.channels());
    panamba_cross_scan_gradient_args.states(args, inputs.states());
    panamba_cross_scan_gradient_args.dt_rank(args, inputs.dtRank());
    panamba_cross_scan_gradient_args.projected_row_stride(args, inputs.width());
    panamba_cross_scan_gradient_args.walks(args, Codes.of(inputs.walks()));
    panamba_cross_scan_gradient_args.saved_interval(args, op.savedInterval());
    return args;
  }
}
