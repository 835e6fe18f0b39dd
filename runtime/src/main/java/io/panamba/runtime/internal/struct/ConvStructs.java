package io.panamba.runtime.internal.struct;

import io.panamba.bindings.panamba_conv2d_args;
import io.panamba.bindings.panamba_conv2d_gradient_args;
import io.panamba.bindings.panamba_convert_args;
import io.panamba.bindings.panamba_depthwise_args;
import io.panamba.bindings.panamba_depthwise_gradient_args;
import io.panamba.bindings.panamba_gate_args;
import io.panamba.bindings.panamba_patch_merging_args;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Conv2d;
import io.panamba.runtime.operation.Conv2dGradient;
import io.panamba.runtime.operation.Convert;
import io.panamba.runtime.operation.DepthwiseConv;
import io.panamba.runtime.operation.DepthwiseConvGradient;
import io.panamba.runtime.operation.Gate;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Kernel;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.PatchMerging;
import io.panamba.runtime.operation.PlanarConv2d;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Writes operations on grids of pixels as structs. */
final class ConvStructs {
  private final Arena arena;
  private final Addresses addresses;

  ConvStructs(Arena arena, Addresses addresses) {
    this.arena = arena;
    this.addresses = addresses;
  }

  MemorySegment conv2d(Conv2d op) {
    MemorySegment args = conv2d(op.weight(), op.bias(), op.activation(), op.out());
    panamba_conv2d_args.input(args, addresses.of(op.input()));
    panamba_conv2d_args.channels(args, op.input().count());
    writeGrids(args, op.kernel(), op.grid(), op.outGrid());
    panamba_conv2d_args.input_pixel_stride(args, op.input().rowStride());
    panamba_conv2d_args.accumulate(args, op.accumulate());
    panamba_conv2d_args.transposed(args, op.transposed() ? 1 : 0);
    return args;
  }

  MemorySegment planarConv2d(PlanarConv2d op) {
    MemorySegment args = conv2d(op.weight(), op.bias(), op.activation(), op.out());
    Shape image = op.image().shape();
    Grid grid = new Grid(image.size(2), image.size(3));
    panamba_conv2d_args.input(args, addresses.of(op.image()));
    panamba_conv2d_args.pixel_values(args, addresses.of(op.pixelValues()));
    panamba_conv2d_args.channels(args, image.size(1));
    writeGrids(args, op.kernel(), grid, op.kernel().over(grid));
    panamba_conv2d_args.planar(args, 1);
    return args;
  }

  private MemorySegment conv2d(
      PackedMatrix weight, Tensor bias, Linear.Activation activation, Tensor out) {
    MemorySegment args = panamba_conv2d_args.allocate(arena);
    panamba_conv2d_args.weight(args, addresses.of(weight));
    panamba_conv2d_args.bias(args, addresses.of(bias));
    panamba_conv2d_args.out(args, addresses.of(out));
    panamba_conv2d_args.batch(args, out.shape().size(0));
    panamba_conv2d_args.columns(args, weight.columns());
    panamba_conv2d_args.dtype(args, Codes.of(weight.dtype()));
    panamba_conv2d_args.out_dtype(args, Codes.of(out.dtype()));
    panamba_conv2d_args.activation(args, Codes.of(activation));
    return args;
  }

  private static void writeGrids(MemorySegment args, Kernel kernel, Grid grid, Grid out) {
    panamba_conv2d_args.height(args, grid.height());
    panamba_conv2d_args.width(args, grid.width());
    panamba_conv2d_args.kernel_height(args, kernel.height());
    panamba_conv2d_args.kernel_width(args, kernel.width());
    panamba_conv2d_args.stride(args, kernel.stride());
    panamba_conv2d_args.padding(args, kernel.padding());
    panamba_conv2d_args.out_height(args, out.height());
    panamba_conv2d_args.out_width(args, out.width());
  }

  MemorySegment conv2dGradient(Conv2dGradient op) {
    MemorySegment args = panamba_conv2d_gradient_args.allocate(arena);
    panamba_conv2d_gradient_args.input(args, addresses.of(op.input()));
    panamba_conv2d_gradient_args.out_gradient(args, addresses.of(op.outGradient()));
    panamba_conv2d_gradient_args.weight_gradient(args, addresses.of(op.weightGradient()));
    panamba_conv2d_gradient_args.batch(args, op.input().shape().size(0));
    panamba_conv2d_gradient_args.height(args, op.grid().height());
    panamba_conv2d_gradient_args.width(args, op.grid().width());
    panamba_conv2d_gradient_args.channels(args, op.input().shape().size(2));
    panamba_conv2d_gradient_args.columns(args, op.outGradient().shape().size(2));
    panamba_conv2d_gradient_args.kernel_height(args, op.kernel().height());
    panamba_conv2d_gradient_args.kernel_width(args, op.kernel().width());
    panamba_conv2d_gradient_args.stride(args, op.kernel().stride());
    panamba_conv2d_gradient_args.padding(args, op.kernel().padding());
    panamba_conv2d_gradient_args.accumulate(args, op.accumulate());
    return args;
  }

  MemorySegment depthwise(DepthwiseConv op) {
    MemorySegment args = panamba_depthwise_args.allocate(arena);
    panamba_depthwise_args.x(args, addresses.of(op.x()));
    panamba_depthwise_args.weight(args, addresses.of(op.weight()));
    panamba_depthwise_args.bias(args, addresses.of(op.bias()));
    panamba_depthwise_args.gate(args, addresses.of(op.gate()));
    panamba_depthwise_args.out(args, addresses.of(op.out()));
    panamba_depthwise_args.batch(args, op.x().tensor().shape().size(0));
    panamba_depthwise_args.height(args, op.grid().height());
    panamba_depthwise_args.width(args, op.grid().width());
    panamba_depthwise_args.channels(args, op.x().count());
    panamba_depthwise_args.x_pixel_stride(args, op.x().rowStride());
    panamba_depthwise_args.gate_pixel_stride(args, op.gate() == null ? 0 : op.gate().rowStride());
    panamba_depthwise_args.out_pixel_stride(args, op.out().rowStride());
    panamba_depthwise_args.side(args, op.side());
    panamba_depthwise_args.dtype(args, Codes.of(op.x().tensor().dtype()));
    panamba_depthwise_args.activation(args, Codes.of(op.activation()));
    panamba_depthwise_args.flipped(args, op.flipped() ? 1 : 0);
    return args;
  }

  MemorySegment depthwiseGradient(DepthwiseConvGradient op) {
    MemorySegment args = panamba_depthwise_gradient_args.allocate(arena);
    panamba_depthwise_gradient_args.x(args, addresses.of(op.x()));
    panamba_depthwise_gradient_args.out_gradient(args, addresses.of(op.outGradient()));
    panamba_depthwise_gradient_args.parameter_parts(args, addresses.of(op.parameterParts()));
    panamba_depthwise_gradient_args.batch(args, op.parameterParts().shape().size(0));
    panamba_depthwise_gradient_args.height(args, op.grid().height());
    panamba_depthwise_gradient_args.width(args, op.grid().width());
    panamba_depthwise_gradient_args.channels(args, op.x().count());
    panamba_depthwise_gradient_args.x_pixel_stride(args, op.x().rowStride());
    panamba_depthwise_gradient_args.out_gradient_pixel_stride(args, op.outGradient().rowStride());
    panamba_depthwise_gradient_args.side(args, op.side());
    return args;
  }

  MemorySegment gate(Gate op) {
    MemorySegment args = panamba_gate_args.allocate(arena);
    panamba_gate_args.gate(args, addresses.of(op.gate()));
    panamba_gate_args.x(args, addresses.of(op.x()));
    panamba_gate_args.out(args, addresses.of(op.out()));
    panamba_gate_args.rows(args, op.out().rows());
    panamba_gate_args.columns(args, op.out().count());
    panamba_gate_args.gate_row_stride(args, op.gate().rowStride());
    panamba_gate_args.x_row_stride(args, op.x().rowStride());
    panamba_gate_args.out_row_stride(args, op.out().rowStride());
    panamba_gate_args.dtype(args, Codes.of(op.out().tensor().dtype()));
    return args;
  }

  MemorySegment convert(Convert op) {
    MemorySegment args = panamba_convert_args.allocate(arena);
    panamba_convert_args.x(args, addresses.of(op.x()));
    panamba_convert_args.out(args, addresses.of(op.out()));
    panamba_convert_args.rows(args, op.x().rows());
    panamba_convert_args.columns(args, op.x().count());
    panamba_convert_args.x_row_stride(args, op.x().rowStride());
    panamba_convert_args.out_row_stride(args, op.out().rowStride());
    panamba_convert_args.dtype(args, Codes.of(op.x().tensor().dtype()));
    panamba_convert_args.out_dtype(args, Codes.of(op.out().tensor().dtype()));
    return args;
  }

  MemorySegment patchMerging(PatchMerging op) {
    MemorySegment args = panamba_patch_merging_args.allocate(arena);
    panamba_patch_merging_args.x(args, addresses.of(op.x()));
    panamba_patch_merging_args.out(args, addresses.of(op.out()));
    panamba_patch_merging_args.batch(args, op.x().shape().size(0));
    panamba_patch_merging_args.height(args, op.grid().height());
    panamba_patch_merging_args.width(args, op.grid().width());
    panamba_patch_merging_args.channels(args, op.x().shape().size(2));
    panamba_patch_merging_args.reversed(args, op.reversed() ? 1 : 0);
    return args;
  }
}
