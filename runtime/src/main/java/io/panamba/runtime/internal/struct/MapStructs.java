package io.panamba.runtime.internal.struct;

import io.panamba.bindings.panamba_resize_args;
import io.panamba.bindings.panamba_resize_gradient_args;
import io.panamba.bindings.panamba_roi_align_args;
import io.panamba.bindings.panamba_window_pool_args;
import io.panamba.bindings.panamba_window_pool_gradient_args;
import io.panamba.runtime.Shape;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Resize;
import io.panamba.runtime.operation.ResizeGradient;
import io.panamba.runtime.operation.RoiAlign;
import io.panamba.runtime.operation.WindowPool;
import io.panamba.runtime.operation.WindowPoolGradient;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Writes operations that make maps of maps as structs. */
final class MapStructs {
  private final Arena arena;
  private final Addresses addresses;

  MapStructs(Arena arena, Addresses addresses) {
    this.arena = arena;
    this.addresses = addresses;
  }

  MemorySegment resize(Resize op) {
    MemorySegment args = panamba_resize_args.allocate(arena);
    panamba_resize_args.x(args, addresses.of(op.x()));
    panamba_resize_args.out(args, addresses.of(op.out()));
    panamba_resize_args.batch(args, op.x().tensor().shape().size(0));
    panamba_resize_args.height(args, op.grid().height());
    panamba_resize_args.width(args, op.grid().width());
    panamba_resize_args.channels(args, op.out().count());
    panamba_resize_args.out_height(args, op.outGrid().height());
    panamba_resize_args.out_width(args, op.outGrid().width());
    panamba_resize_args.x_pixel_stride(args, op.x().rowStride());
    panamba_resize_args.out_pixel_stride(args, op.out().rowStride());
    panamba_resize_args.accumulate(args, op.accumulate());
    panamba_resize_args.side(args, op.side());
    panamba_resize_args.corners(args, op.corners() ? 1 : 0);
    panamba_resize_args.activation(args, Codes.of(op.activation()));
    return args;
  }

  MemorySegment resizeGradient(ResizeGradient op) {
    MemorySegment args = panamba_resize_gradient_args.allocate(arena);
    panamba_resize_gradient_args.out_gradient(args, addresses.of(op.outGradient()));
    panamba_resize_gradient_args.x_gradient(args, addresses.of(op.xGradient()));
    panamba_resize_gradient_args.batch(args, op.xGradient().tensor().shape().size(0));
    panamba_resize_gradient_args.height(args, op.grid().height());
    panamba_resize_gradient_args.width(args, op.grid().width());
    panamba_resize_gradient_args.channels(args, op.xGradient().count());
    panamba_resize_gradient_args.out_height(args, op.outGrid().height());
    panamba_resize_gradient_args.out_width(args, op.outGrid().width());
    panamba_resize_gradient_args.x_pixel_stride(args, op.xGradient().rowStride());
    panamba_resize_gradient_args.out_pixel_stride(args, op.outGradient().rowStride());
    panamba_resize_gradient_args.accumulate(args, op.accumulate());
    panamba_resize_gradient_args.corners(args, op.corners() ? 1 : 0);
    return args;
  }

  MemorySegment windowPool(WindowPool op) {
    MemorySegment args = panamba_window_pool_args.allocate(arena);
    Grid out = op.windows().over(op.grid());
    panamba_window_pool_args.x(args, addresses.of(op.x()));
    panamba_window_pool_args.out(args, addresses.of(op.out()));
    panamba_window_pool_args.batch(args, op.x().tensor().shape().size(0));
    panamba_window_pool_args.height(args, op.grid().height());
    panamba_window_pool_args.width(args, op.grid().width());
    panamba_window_pool_args.channels(args, op.x().count());
    panamba_window_pool_args.out_height(args, out.height());
    panamba_window_pool_args.out_width(args, out.width());
    panamba_window_pool_args.x_pixel_stride(args, op.x().rowStride());
    panamba_window_pool_args.out_pixel_stride(args, op.out().rowStride());
    panamba_window_pool_args.window(args, op.windows().side());
    panamba_window_pool_args.stride(args, op.windows().stride());
    panamba_window_pool_args.kind(args, Codes.of(op.windows().kind()));
    return args;
  }

  MemorySegment windowPoolGradient(WindowPoolGradient op) {
    MemorySegment args = panamba_window_pool_gradient_args.allocate(arena);
    Grid out = op.windows().over(op.grid());
    Shape shape = op.xGradient().shape();
    panamba_window_pool_gradient_args.x(args, addresses.of(op.x()));
    panamba_window_pool_gradient_args.out_gradient(args, addresses.of(op.outGradient()));
    panamba_window_pool_gradient_args.x_gradient(args, addresses.of(op.xGradient()));
    panamba_window_pool_gradient_args.batch(args, shape.size(0));
    panamba_window_pool_gradient_args.height(args, op.grid().height());
    panamba_window_pool_gradient_args.width(args, op.grid().width());
    panamba_window_pool_gradient_args.channels(args, shape.size(2));
    panamba_window_pool_gradient_args.out_height(args, out.height());
    panamba_window_pool_gradient_args.out_width(args, out.width());
    panamba_window_pool_gradient_args.x_pixel_stride(args, op.x() == null ? 0 : op.x().rowStride());
    panamba_window_pool_gradient_args.window(args, op.windows().side());
    panamba_window_pool_gradient_args.stride(args, op.windows().stride());
    panamba_window_pool_gradient_args.kind(args, Codes.of(op.windows().kind()));
    return args;
  }

  MemorySegment roiAlign(RoiAlign op) {
    MemorySegment args = panamba_roi_align_args.allocate(arena);
    List<RoiAlign.Level> levels = op.levels();
    for (int i = 0; i < levels.size(); i++) {
      RoiAlign.Level level = levels.get(i);
      panamba_roi_align_args
          .maps(args)
          .setAtIndex(ValueLayout.ADDRESS, i, addresses.of(level.map()));
      panamba_roi_align_args
          .heights(args)
          .setAtIndex(ValueLayout.JAVA_LONG, i, level.grid().height());
      panamba_roi_align_args
          .widths(args)
          .setAtIndex(ValueLayout.JAVA_LONG, i, level.grid().width());
      panamba_roi_align_args.scales(args).setAtIndex(ValueLayout.JAVA_FLOAT, i, level.scale());
    }
    panamba_roi_align_args.boxes(args, addresses.of(op.boxes()));
    panamba_roi_align_args.out(args, addresses.of(op.out()));
    panamba_roi_align_args.channels(args, op.out().shape().size(2));
    panamba_roi_align_args.count(args, op.boxes().shape().size(0));
    panamba_roi_align_args.levels(args, levels.size());
    panamba_roi_align_args.side(args, op.side());
    return args;
  }
}
