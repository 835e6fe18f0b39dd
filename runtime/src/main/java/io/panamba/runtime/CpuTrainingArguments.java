package io.panamba.runtime;

import io.panamba.bindings.panamba_adamw_args;
import io.panamba.bindings.panamba_clip_args;
import io.panamba.bindings.panamba_conv_gradient_args;
import io.panamba.bindings.panamba_conv_gradient_direction;
import io.panamba.bindings.panamba_cross_entropy_args;
import io.panamba.bindings.panamba_h;
import io.panamba.bindings.panamba_norm_gradient_args;
import io.panamba.bindings.panamba_pack_args;
import io.panamba.bindings.panamba_patches_args;
import io.panamba.bindings.panamba_pointwise_args;
import io.panamba.bindings.panamba_pool_gradient_args;
import io.panamba.bindings.panamba_product_args;
import io.panamba.bindings.panamba_scan_gradient_args;
import io.panamba.bindings.panamba_scan_gradient_direction;
import io.panamba.bindings.panamba_squares_args;
import io.panamba.bindings.panamba_sum_args;
import io.panamba.bindings.panamba_training_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Writes training operations as the structs of panamba_training.h. */
final class CpuTrainingArguments {
  private final Arena arena;
  private final CpuArguments common;

  CpuTrainingArguments(Arena arena, CpuArguments common) {
    this.arena = arena;
    this.common = common;
  }

  void fill(MemorySegment step, TrainingOperation operation) {
    switch (operation) {
      case Pack op -> CpuArguments.set(step, panamba_h.PANAMBA_PACK(), pack(op));
      case Product op -> CpuArguments.set(step, panamba_h.PANAMBA_PRODUCT(), product(op));
      case Sum op -> CpuArguments.set(step, panamba_h.PANAMBA_SUM(), sum(op));
      case Pointwise op -> CpuArguments.set(step, panamba_h.PANAMBA_POINTWISE(), pointwise(op));
      case ScanGradient op ->
          CpuArguments.set(step, panamba_h.PANAMBA_SCAN_GRADIENT(), scanGradient(op));
      case ConvGradient op ->
          CpuArguments.set(step, panamba_h.PANAMBA_CONV_GRADIENT(), convGradient(op));
      case NormGradient op ->
          CpuArguments.set(step, panamba_h.PANAMBA_NORM_GRADIENT(), normGradient(op));
      case PoolGradient op ->
          CpuArguments.set(step, panamba_h.PANAMBA_POOL_GRADIENT(), poolGradient(op));
      case Patches op -> CpuArguments.set(step, panamba_h.PANAMBA_PATCHES(), patches(op));
      case CrossEntropy op ->
          CpuArguments.set(step, panamba_h.PANAMBA_CROSS_ENTROPY(), crossEntropy(op));
      case Squares op -> CpuArguments.set(step, panamba_h.PANAMBA_SQUARES(), squares(op));
      case Clip op -> CpuArguments.set(step, panamba_h.PANAMBA_CLIP(), clip(op));
      case AdamW op -> CpuArguments.set(step, panamba_h.PANAMBA_ADAMW(), adamW(op));
    }
  }

  private MemorySegment pack(Pack op) {
    MemorySegment args = panamba_pack_args.allocate(arena);
    panamba_pack_args.source(args, common.address(op.source().data()));
    panamba_pack_args.row_scale(args, common.address(op.source().rowScale()));
    panamba_pack_args.packed(args, common.address(op.out().segment()));
    panamba_pack_args.columns(args, op.out().columns());
    panamba_pack_args.depth(args, op.out().depth());
    panamba_pack_args.column_stride(args, op.source().columnStride());
    panamba_pack_args.depth_stride(args, op.source().depthStride());
    panamba_pack_args.source_dtype(args, CpuDevice.nativeType(op.source().dtype()));
    panamba_pack_args.dtype(args, CpuArguments.type(op.out().dtype()));
    return args;
  }

  private MemorySegment product(Product op) {
    MemorySegment args = panamba_product_args.allocate(arena);
    long stride = op.left().rowStride();
    panamba_product_args.left(args, common.address(op.left()));
    panamba_product_args.right(args, common.address(op.right()));
    panamba_product_args.out(args, common.address(op.out()));
    panamba_product_args.rows(args, op.out().rows());
    panamba_product_args.depth(args, op.right().rows());
    panamba_product_args.columns(args, op.out().count());
    panamba_product_args.left_row_stride(args, op.transposed() ? 1 : stride);
    panamba_product_args.left_depth_stride(args, op.transposed() ? stride : 1);
    panamba_product_args.right_row_stride(args, op.right().rowStride());
    panamba_product_args.out_row_stride(args, op.out().rowStride());
    panamba_product_args.accumulate(args, op.accumulate());
    return args;
  }

  private MemorySegment sum(Sum op) {
    MemorySegment args = panamba_sum_args.allocate(arena);
    long first = op.first() * Float.BYTES;
    panamba_sum_args.parts(args, common.address(op.parts()).asSlice(first));
    panamba_sum_args.out(args, common.address(op.out()));
    panamba_sum_args.count(args, op.count());
    panamba_sum_args.width(args, op.out().shape().elements());
    panamba_sum_args.part_stride(args, op.stride());
    panamba_sum_args.accumulate(args, op.accumulate());
    panamba_sum_args.scale(args, op.scale());
    return args;
  }

  private MemorySegment pointwise(Pointwise op) {
    MemorySegment args = panamba_pointwise_args.allocate(arena);
    panamba_pointwise_args.x(args, common.address(op.x()));
    panamba_pointwise_args.out(args, common.address(op.out()));
    panamba_pointwise_args.rows(args, op.x().rows());
    panamba_pointwise_args.columns(args, op.x().count());
    panamba_pointwise_args.x_row_stride(args, op.x().rowStride());
    panamba_pointwise_args.out_row_stride(args, op.out().rowStride());
    panamba_pointwise_args.kind(
        args,
        switch (op.kind()) {
          case SILU -> panamba_training_h.PANAMBA_POINTWISE_SILU();
          case DECAY -> panamba_training_h.PANAMBA_POINTWISE_DECAY();
        });
    return args;
  }

  private MemorySegment scanGradient(ScanGradient op) {
    MemorySegment args = panamba_scan_gradient_args.allocate(arena);
    Shape shape = op.outGradient().shape();
    panamba_scan_gradient_args.out_gradient(args, common.address(op.outGradient()));
    panamba_scan_gradient_args.z(args, common.address(op.z()));
    panamba_scan_gradient_args.image_scale(args, common.address(op.imageScale()));
    panamba_scan_gradient_args.z_gradient(args, common.address(op.zGradient()));
    panamba_scan_gradient_args.out(args, common.address(op.out()));
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
      panamba_scan_gradient_direction.u(args, common.address(scan.u()));
      panamba_scan_gradient_direction.projected(args, common.address(scan.projected()));
      panamba_scan_gradient_direction.dt_weight(args, common.address(scan.dtWeight()));
      panamba_scan_gradient_direction.dt_bias(args, common.address(scan.dtBias()));
      panamba_scan_gradient_direction.a(args, common.address(scan.a()));
      panamba_scan_gradient_direction.d(args, common.address(scan.d()));
      panamba_scan_gradient_direction.saved_states(args, common.address(scan.savedStates()));
      panamba_scan_gradient_direction.u_gradient(args, common.address(direction.uGradient()));
      panamba_scan_gradient_direction.projected_parts(
          args, common.address(direction.projectedParts()));
      panamba_scan_gradient_direction.parameter_parts(
          args, common.address(direction.parameterParts()));
    }
  }

  private MemorySegment convGradient(ConvGradient op) {
    MemorySegment args = panamba_conv_gradient_args.allocate(arena);
    Shape shape = op.x().tensor().shape();
    panamba_conv_gradient_args.x(args, common.address(op.x()));
    panamba_conv_gradient_args.x_gradient(args, common.address(op.xGradient()));
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
      panamba_conv_gradient_direction.weight(args, common.address(direction.weight()));
      panamba_conv_gradient_direction.bias(args, common.address(direction.bias()));
      panamba_conv_gradient_direction.out_gradient(args, common.address(direction.outGradient()));
      panamba_conv_gradient_direction.parameter_parts(
          args, common.address(direction.parameterParts()));
    }
  }

  private MemorySegment normGradient(NormGradient op) {
    MemorySegment args = panamba_norm_gradient_args.allocate(arena);
    long dim = op.residual().shape().size(-1);
    panamba_norm_gradient_args.residual(args, common.address(op.residual()));
    panamba_norm_gradient_args.weight(args, common.address(op.weight()));
    panamba_norm_gradient_args.out_gradient(args, common.address(op.outGradient()));
    panamba_norm_gradient_args.residual_gradient(args, common.address(op.residualGradient()));
    panamba_norm_gradient_args.parameter_parts(args, common.address(op.parameterParts()));
    panamba_norm_gradient_args.rows(args, op.residual().shape().elements() / dim);
    panamba_norm_gradient_args.dim(args, dim);
    panamba_norm_gradient_args.residual_row_stride(args, dim);
    panamba_norm_gradient_args.residual_gradient_row_stride(args, dim);
    panamba_norm_gradient_args.accumulate(args, op.accumulate());
    panamba_norm_gradient_args.eps(args, op.eps());
    panamba_norm_gradient_args.kind(args, CpuArguments.code(op.kind()));
    return args;
  }

  private MemorySegment poolGradient(PoolGradient op) {
    MemorySegment args = panamba_pool_gradient_args.allocate(arena);
    Shape shape = op.inputGradient().shape();
    panamba_pool_gradient_args.input(args, common.address(op.input()));
    panamba_pool_gradient_args.out_gradient(args, common.address(op.outGradient()));
    panamba_pool_gradient_args.input_gradient(args, common.address(op.inputGradient()));
    panamba_pool_gradient_args.batch(args, shape.size(0));
    panamba_pool_gradient_args.length(args, shape.size(1));
    panamba_pool_gradient_args.dim(args, shape.size(2));
    panamba_pool_gradient_args.first(args, op.first());
    panamba_pool_gradient_args.count(args, op.count());
    panamba_pool_gradient_args.step(args, op.step());
    panamba_pool_gradient_args.kind(args, CpuArguments.code(op.kind()));
    return args;
  }

  private MemorySegment patches(Patches op) {
    MemorySegment args = panamba_patches_args.allocate(arena);
    Shape image = op.image().shape();
    panamba_patches_args.image(args, common.address(op.image()));
    panamba_patches_args.out(args, common.address(op.out()));
    panamba_patches_args.batch(args, image.size(0));
    panamba_patches_args.channels(args, image.size(1));
    panamba_patches_args.height(args, image.size(2));
    panamba_patches_args.width(args, image.size(3));
    panamba_patches_args.patch_height(args, op.patch());
    panamba_patches_args.patch_width(args, op.patch());
    panamba_patches_args.stride_height(args, op.stride());
    panamba_patches_args.stride_width(args, op.stride());
    panamba_patches_args.class_tokens(args, op.classIndex().count());
    for (int i = 0; i < op.classIndex().count(); i++) {
      panamba_patches_args.class_index(args, i, op.classIndex().place(i));
    }
    return args;
  }

  private MemorySegment crossEntropy(CrossEntropy op) {
    MemorySegment args = panamba_cross_entropy_args.allocate(arena);
    Shape shape = op.logits().shape();
    panamba_cross_entropy_args.logits(args, common.address(op.logits()));
    panamba_cross_entropy_args.labels(args, common.address(op.labels()));
    panamba_cross_entropy_args.losses(args, common.address(op.losses()));
    panamba_cross_entropy_args.logits_gradient(args, common.address(op.logitsGradient()));
    panamba_cross_entropy_args.batch(args, shape.size(0));
    panamba_cross_entropy_args.classes(args, shape.size(1));
    panamba_cross_entropy_args.smoothing(args, op.smoothing());
    panamba_cross_entropy_args.gradient_scale(args, op.gradientScale());
    return args;
  }

  private MemorySegment squares(Squares op) {
    MemorySegment args = panamba_squares_args.allocate(arena);
    panamba_squares_args.x(args, common.address(op.x()));
    panamba_squares_args.parts(args, common.address(op.parts()));
    panamba_squares_args.count(args, op.x().shape().elements());
    return args;
  }

  private MemorySegment clip(Clip op) {
    MemorySegment args = panamba_clip_args.allocate(arena);
    panamba_clip_args.parts(args, common.address(op.parts()));
    panamba_clip_args.result(args, common.address(op.result()));
    panamba_clip_args.count(args, op.parts().shape().elements());
    panamba_clip_args.limit(args, op.limit());
    return args;
  }

  private MemorySegment adamW(AdamW op) {
    MemorySegment args = panamba_adamw_args.allocate(arena);
    AdamW.Settings settings = op.settings();
    panamba_adamw_args.parameters(args, common.address(op.parameters()));
    panamba_adamw_args.gradient(args, common.address(op.gradient()));
    panamba_adamw_args.first_moment(args, common.address(op.firstMoment()));
    panamba_adamw_args.second_moment(args, common.address(op.secondMoment()));
    panamba_adamw_args.average(args, common.address(op.average()));
    panamba_adamw_args.rates(args, common.address(op.rates()));
    panamba_adamw_args.gradient_factor(
        args,
        op.clip() == null ? MemorySegment.NULL : common.address(op.clip()).asSlice(Float.BYTES));
    panamba_adamw_args.count(args, op.parameters().shape().elements());
    panamba_adamw_args.beta1(args, settings.beta1());
    panamba_adamw_args.beta2(args, settings.beta2());
    panamba_adamw_args.eps(args, settings.eps());
    panamba_adamw_args.weight_decay(args, settings.weightDecay());
    return args;
  }
}
