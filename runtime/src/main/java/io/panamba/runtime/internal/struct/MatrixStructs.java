package io.panamba.runtime.internal.struct;

import io.panamba.bindings.panamba_linear_args;
import io.panamba.bindings.panamba_norm_args;
import io.panamba.bindings.panamba_norm_gradient_args;
import io.panamba.bindings.panamba_pack_args;
import io.panamba.bindings.panamba_product_args;
import io.panamba.bindings.panamba_sum_args;
import io.panamba.runtime.DType;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.GatedLinear;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Norm;
import io.panamba.runtime.operation.NormGradient;
import io.panamba.runtime.operation.Pack;
import io.panamba.runtime.operation.Product;
import io.panamba.runtime.operation.Sum;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Writes operations on rows as structs: products, norms, sums, and packing. */
public final class MatrixStructs {
  private final Arena arena;
  private final Addresses addresses;

  MatrixStructs(Arena arena, Addresses addresses) {
    this.arena = arena;
    this.addresses = addresses;
  }

  MemorySegment norm(Norm op) {
    MemorySegment args = panamba_norm_args.allocate(arena);
    long dim = op.residual().shape().size(-1);
    panamba_norm_args.residual(args, addresses.of(op.residual()));
    panamba_norm_args.addend(args, addresses.of(op.addend()));
    panamba_norm_args.weight(args, addresses.of(op.weight()));
    panamba_norm_args.bias(args, addresses.of(op.bias()));
    panamba_norm_args.out(args, addresses.of(op.out()));
    panamba_norm_args.rows(args, op.residual().shape().elements() / dim);
    panamba_norm_args.dim(args, dim);
    panamba_norm_args.residual_row_stride(args, dim);
    panamba_norm_args.residual_scale(args, op.residualScale());
    panamba_norm_args.eps(args, op.eps());
    panamba_norm_args.kind(args, Codes.of(op.kind()));
    panamba_norm_args.dtype(args, Codes.of(op.out().dtype()));
    panamba_norm_args.activation(args, Codes.of(op.activation()));
    return args;
  }

  MemorySegment normGradient(NormGradient op) {
    MemorySegment args = panamba_norm_gradient_args.allocate(arena);
    long dim = op.residual().shape().size(-1);
    panamba_norm_gradient_args.residual(args, addresses.of(op.residual()));
    panamba_norm_gradient_args.weight(args, addresses.of(op.weight()));
    panamba_norm_gradient_args.out_gradient(args, addresses.of(op.outGradient()));
    panamba_norm_gradient_args.residual_gradient(args, addresses.of(op.residualGradient()));
    panamba_norm_gradient_args.parameter_parts(args, addresses.of(op.parameterParts()));
    panamba_norm_gradient_args.rows(args, op.residual().shape().elements() / dim);
    panamba_norm_gradient_args.dim(args, dim);
    panamba_norm_gradient_args.residual_row_stride(args, dim);
    panamba_norm_gradient_args.residual_gradient_row_stride(args, dim);
    panamba_norm_gradient_args.accumulate(args, op.accumulate());
    panamba_norm_gradient_args.eps(args, op.eps());
    panamba_norm_gradient_args.kind(args, Codes.of(op.kind()));
    return args;
  }

  MemorySegment linear(Linear op) {
    MemorySegment args = linear(op.input(), op.weight(), op.bias(), op.out());
    panamba_linear_args.accumulate(args, op.accumulate());
    panamba_linear_args.activation(args, Codes.of(op.activation()));
    return args;
  }

  MemorySegment gatedLinear(GatedLinear op) {
    MemorySegment args = linear(op.input(), op.weight(), op.bias(), op.out());
    panamba_linear_args.multiply(args, 1);
    return args;
  }

  private MemorySegment linear(Columns input, PackedMatrix weight, Tensor bias, Columns out) {
    MemorySegment args = panamba_linear_args.allocate(arena);
    panamba_linear_args.input(args, addresses.of(input));
    panamba_linear_args.weight(args, addresses.of(weight));
    panamba_linear_args.bias(args, addresses.of(bias));
    panamba_linear_args.out(args, addresses.of(out));
    panamba_linear_args.rows(args, input.rows());
    panamba_linear_args.depth(args, weight.depth());
    panamba_linear_args.columns(args, weight.columns());
    panamba_linear_args.input_row_stride(args, input.rowStride());
    panamba_linear_args.out_row_stride(args, out.rowStride());
    panamba_linear_args.dtype(args, Codes.of(weight.dtype()));
    panamba_linear_args.out_dtype(args, Codes.of(out.tensor().dtype()));
    return args;
  }

  MemorySegment product(Product op) {
    MemorySegment args = panamba_product_args.allocate(arena);
    long stride = op.left().rowStride();
    panamba_product_args.left(args, addresses.of(op.left()));
    panamba_product_args.right(args, addresses.of(op.right()));
    panamba_product_args.out(args, addresses.of(op.out()));
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

  MemorySegment sum(Sum op) {
    MemorySegment args = panamba_sum_args.allocate(arena);
    long first = op.first() * Float.BYTES;
    panamba_sum_args.parts(args, addresses.of(op.parts()).asSlice(first));
    panamba_sum_args.out(args, addresses.of(op.out()));
    panamba_sum_args.count(args, op.count());
    panamba_sum_args.width(args, op.out().shape().elements());
    panamba_sum_args.part_stride(args, op.stride());
    panamba_sum_args.accumulate(args, op.accumulate());
    panamba_sum_args.scale(args, op.scale());
    return args;
  }

  MemorySegment pack(Pack op) {
    MatrixSource source = op.source();
    MemorySegment args = panamba_pack_args.allocate(arena);
    addresses.of(source.data());
    addresses.of(source.rowScale());
    write(args, source, addresses.of(op.out()), op.out().dtype());
    return args;
  }

  /** Writes the struct by which a matrix in the host's memory is packed. */
  public static void write(
      MemorySegment args, MatrixSource source, MemorySegment packed, DType packedType) {
    panamba_pack_args.source(args, source.data());
    panamba_pack_args.row_scale(args, rowScale(source));
    panamba_pack_args.packed(args, packed);
    panamba_pack_args.columns(args, source.columns());
    panamba_pack_args.depth(args, source.depth());
    panamba_pack_args.column_stride(args, source.columnStride());
    panamba_pack_args.depth_stride(args, source.depthStride());
    panamba_pack_args.source_dtype(args, Codes.ofSource(source.dtype()));
    panamba_pack_args.dtype(args, Codes.of(packedType));
  }

  /** The factors of a source's rows, in the host's memory, or a null pointer for none. */
  public static MemorySegment rowScale(MatrixSource source) {
    return source.rowScale() == null ? MemorySegment.NULL : source.rowScale().segment();
  }
}
