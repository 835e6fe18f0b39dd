package io.panamba.runtime.internal.struct;

import io.panamba.bindings.panamba_adamw_args;
import io.panamba.bindings.panamba_clip_args;
import io.panamba.bindings.panamba_cross_entropy_args;
import io.panamba.bindings.panamba_pointwise_args;
import io.panamba.bindings.panamba_scale_args;
import io.panamba.bindings.panamba_scale_gradient_args;
import io.panamba.bindings.panamba_squares_args;
import io.panamba.runtime.Shape;
import io.panamba.runtime.operation.AdamW;
import io.panamba.runtime.operation.Clip;
import io.panamba.runtime.operation.CrossEntropy;
import io.panamba.runtime.operation.Pointwise;
import io.panamba.runtime.operation.Scale;
import io.panamba.runtime.operation.ScaleGradient;
import io.panamba.runtime.operation.Squares;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Writes what only training does as structs: loss, optimizer, functions of elements, scales. */
final class TrainingStructs {
  private final Arena arena;
  private final Addresses addresses;

  TrainingStructs(Arena arena, Addresses addresses) {
    this.arena = arena;
    this.addresses = addresses;
  }

  MemorySegment pointwise(Pointwise op) {
    MemorySegment args = panamba_pointwise_args.allocate(arena);
    panamba_pointwise_args.x(args, addresses.of(op.x()));
    panamba_pointwise_args.out(args, addresses.of(op.out()));
    panamba_pointwise_args.rows(args, op.x().rows());
    panamba_pointwise_args.columns(args, op.x().count());
    panamba_pointwise_args.x_row_stride(args, op.x().rowStride());
    panamba_pointwise_args.out_row_stride(args, op.out().rowStride());
    panamba_pointwise_args.kind(args, Codes.of(op.kind()));
    return args;
  }

  MemorySegment scale(Scale op) {
    MemorySegment args = panamba_scale_args.allocate(arena);
    Shape shape = op.x().tensor().shape();
    panamba_scale_args.x(args, addresses.of(op.x()));
    panamba_scale_args.channel_scale(args, addresses.of(op.channel()));
    panamba_scale_args.image_scale(args, addresses.of(op.image()));
    panamba_scale_args.out(args, addresses.of(op.out()));
    panamba_scale_args.batch(args, shape.size(0));
    panamba_scale_args.length(args, shape.size(1));
    panamba_scale_args.channels(args, op.x().count());
    panamba_scale_args.x_row_stride(args, op.x().rowStride());
    panamba_scale_args.out_row_stride(args, op.out().rowStride());
    return args;
  }

  MemorySegment scaleGradient(ScaleGradient op) {
    MemorySegment args = panamba_scale_gradient_args.allocate(arena);
    Shape shape = op.outGradient().tensor().shape();
    panamba_scale_gradient_args.x(args, addresses.of(op.x()));
    panamba_scale_gradient_args.channel_scale(args, addresses.of(op.channel()));
    panamba_scale_gradient_args.image_scale(args, addresses.of(op.image()));
    panamba_scale_gradient_args.out_gradient(args, addresses.of(op.outGradient()));
    panamba_scale_gradient_args.x_gradient(args, addresses.of(op.xGradient()));
    panamba_scale_gradient_args.parameter_parts(args, addresses.of(op.parameterParts()));
    panamba_scale_gradient_args.batch(args, shape.size(0));
    panamba_scale_gradient_args.length(args, shape.size(1));
    panamba_scale_gradient_args.channels(args, op.outGradient().count());
    panamba_scale_gradient_args.x_row_stride(args, op.x() == null ? 0 : op.x().rowStride());
    panamba_scale_gradient_args.out_gradient_row_stride(args, op.outGradient().rowStride());
    panamba_scale_gradient_args.x_gradient_row_stride(args, op.xGradient().rowStride());
    return args;
  }

  MemorySegment crossEntropy(CrossEntropy op) {
    MemorySegment args = panamba_cross_entropy_args.allocate(arena);
    Shape shape = op.logits().shape();
    panamba_cross_entropy_args.logits(args, addresses.of(op.logits()));
    panamba_cross_entropy_args.labels(args, addresses.of(op.labels()));
    panamba_cross_entropy_args.losses(args, addresses.of(op.losses()));
    panamba_cross_entropy_args.logits_gradient(args, addresses.of(op.logitsGradient()));
    panamba_cross_entropy_args.batch(args, shape.size(0));
    panamba_cross_entropy_args.classes(args, shape.size(1));
    panamba_cross_entropy_args.smoothing(args, op.smoothing());
    panamba_cross_entropy_args.gradient_scale(args, op.gradientScale());
    return args;
  }

  MemorySegment squares(Squares op) {
    MemorySegment args = panamba_squares_args.allocate(arena);
    panamba_squares_args.x(args, addresses.of(op.x()));
    panamba_squares_args.parts(args, addresses.of(op.parts()));
    panamba_squares_args.count(args, op.x().shape().elements());
    return args;
  }

  MemorySegment clip(Clip op) {
    MemorySegment args = panamba_clip_args.allocate(arena);
    panamba_clip_args.parts(args, addresses.of(op.parts()));
    panamba_clip_args.result(args, addresses.of(op.result()));
    panamba_clip_args.count(args, op.parts().shape().elements());
    panamba_clip_args.limit(args, op.limit());
    return args;
  }

  MemorySegment adamW(AdamW op) {
    MemorySegment args = panamba_adamw_args.allocate(arena);
    AdamW.Settings settings = op.settings();
    panamba_adamw_args.parameters(args, addresses.of(op.parameters()));
    panamba_adamw_args.gradient(args, addresses.of(op.gradient()));
    panamba_adamw_args.first_moment(args, addresses.of(op.firstMoment()));
    panamba_adamw_args.second_moment(args, addresses.of(op.secondMoment()));
    panamba_adamw_args.average(args, addresses.of(op.average()));
    panamba_adamw_args.rates(args, addresses.of(op.rates()));
    panamba_adamw_args.gradient_factor(
        args,
        op.clip() == null ? MemorySegment.NULL : addresses.of(op.clip()).asSlice(Float.BYTES));
    panamba_adamw_args.count(args, op.parameters().shape().elements());
    panamba_adamw_args.beta1(args, settings.beta1());
    panamba_adamw_args.beta2(args, settings.beta2());
    panamba_adamw_args.eps(args, settings.eps());
    panamba_adamw_args.weight_decay(args, settings.weightDecay());
    return args;
  }
}
