package io.panamba.runtime.internal.struct;

import io.panamba.bindings.panamba_activation_gradient_args;
import io.panamba.bindings.panamba_attention_args;
import io.panamba.bindings.panamba_attention_gradient_args;
import io.panamba.runtime.Shape;
import io.panamba.runtime.operation.ActivationGradient;
import io.panamba.runtime.operation.Attention;
import io.panamba.runtime.operation.AttentionGradient;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Writes attention, its gradient and that of activations as structs. */
final class AttentionStructs {
  private final Arena arena;
  private final Addresses addresses;

  AttentionStructs(Arena arena, Addresses addresses) {
    this.arena = arena;
    this.addresses = addresses;
  }

  MemorySegment attention(Attention op) {
    MemorySegment args = panamba_attention_args.allocate(arena);
    Shape shape = op.k().tensor().shape();
    panamba_attention_args.q(args, addresses.of(op.q()));
    panamba_attention_args.k(args, addresses.of(op.k()));
    panamba_attention_args.v(args, addresses.of(op.v()));
    panamba_attention_args.out(args, addresses.of(op.out()));
    panamba_attention_args.statistics(args, addresses.of(op.statistics()));
    panamba_attention_args.batch(args, shape.size(0));
    panamba_attention_args.queries(args, op.q().tensor().shape().size(1));
    panamba_attention_args.length(args, shape.size(1));
    panamba_attention_args.heads(args, op.heads());
    panamba_attention_args.head_dim(args, op.q().count() / op.heads());
    panamba_attention_args.q_row_stride(args, op.q().rowStride());
    panamba_attention_args.k_row_stride(args, op.k().rowStride());
    panamba_attention_args.v_row_stride(args, op.v().rowStride());
    panamba_attention_args.out_row_stride(args, op.out().rowStride());
    panamba_attention_args.scale(args, op.scale());
    panamba_attention_args.dtype(args, Codes.of(op.q().tensor().dtype()));
    return args;
  }

  MemorySegment attentionGradient(AttentionGradient op) {
    MemorySegment args = panamba_attention_gradient_args.allocate(arena);
    Attention forward = op.forward();
    Shape shape = forward.q().tensor().shape();
    panamba_attention_gradient_args.q(args, addresses.of(forward.q()));
    panamba_attention_gradient_args.k(args, addresses.of(forward.k()));
    panamba_attention_gradient_args.v(args, addresses.of(forward.v()));
    panamba_attention_gradient_args.out(args, addresses.of(forward.out()));
    panamba_attention_gradient_args.statistics(args, addresses.of(forward.statistics()));
    panamba_attention_gradient_args.out_gradient(args, addresses.of(op.outGradient()));
    panamba_attention_gradient_args.q_gradient(args, addresses.of(op.qGradient()));
    panamba_attention_gradient_args.k_gradient(args, addresses.of(op.kGradient()));
    panamba_attention_gradient_args.v_gradient(args, addresses.of(op.vGradient()));
    panamba_attention_gradient_args.batch(args, shape.size(0));
    panamba_attention_gradient_args.length(args, shape.size(1));
    panamba_attention_gradient_args.heads(args, forward.heads());
    panamba_attention_gradient_args.head_dim(args, forward.q().count() / forward.heads());
    panamba_attention_gradient_args.q_row_stride(args, forward.q().rowStride());
    panamba_attention_gradient_args.k_row_stride(args, forward.k().rowStride());
    panamba_attention_gradient_args.v_row_stride(args, forward.v().rowStride());
    panamba_attention_gradient_args.out_row_stride(args, forward.out().rowStride());
    panamba_attention_gradient_args.out_gradient_row_stride(args, op.outGradient().rowStride());
    panamba_attention_gradient_args.q_gradient_row_stride(args, op.qGradient().rowStride());
    panamba_attention_gradient_args.k_gradient_row_stride(args, op.kGradient().rowStride());
    panamba_attention_gradient_args.v_gradient_row_stride(args, op.vGradient().rowStride());
    panamba_attention_gradient_args.scale(args, forward.scale());
    return args;
  }

  MemorySegment activationGradient(ActivationGradient op) {
    MemorySegment args = panamba_activation_gradient_args.allocate(arena);
    panamba_activation_gradient_args.x(args, addresses.of(op.x()));
    panamba_activation_gradient_args.out_gradient(args, addresses.of(op.outGradient()));
    panamba_activation_gradient_args.x_gradient(args, addresses.of(op.xGradient()));
    panamba_activation_gradient_args.rows(args, op.x().rows());
    panamba_activation_gradient_args.columns(args, op.x().count());
    panamba_activation_gradient_args.x_row_stride(args, op.x().rowStride());
    panamba_activation_gradient_args.out_gradient_row_stride(args, op.outGradient().rowStride());
    panamba_activation_gradient_args.x_gradient_row_stride(args, op.xGradient().rowStride());
    panamba_activation_gradient_args.activation(args, Codes.of(op.activation()));
    return args;
  }
}
