package io.panamba.runtime.internal.struct;

import io.panamba.bindings.panamba_patch_embedding_args;
import io.panamba.bindings.panamba_patches_args;
import io.panamba.bindings.panamba_patches_gradient_args;
import io.panamba.bindings.panamba_pool_args;
import io.panamba.bindings.panamba_pool_gradient_args;
import io.panamba.runtime.Shape;
import io.panamba.runtime.operation.PatchEmbedding;
import io.panamba.runtime.operation.Patches;
import io.panamba.runtime.operation.PatchesGradient;
import io.panamba.runtime.operation.Pool;
import io.panamba.runtime.operation.PoolGradient;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Writes operations from pixels to tokens and from tokens to one row as structs. */
final class ImageStructs {
  private final Arena arena;
  private final Addresses addresses;

  ImageStructs(Arena arena, Addresses addresses) {
    this.arena = arena;
    this.addresses = addresses;
  }

  MemorySegment patchEmbedding(PatchEmbedding op) {
    MemorySegment args = panamba_patch_embedding_args.allocate(arena);
    Shape image = op.image().shape();
    panamba_patch_embedding_args.image(args, addresses.of(op.image()));
    panamba_patch_embedding_args.pixel_values(args, addresses.of(op.pixelValues()));
    panamba_patch_embedding_args.weight(args, addresses.of(op.weight()));
    panamba_patch_embedding_args.bias(args, addresses.of(op.bias()));
    panamba_patch_embedding_args.position(args, addresses.of(op.position()));
    panamba_patch_embedding_args.class_token(args, addresses.of(op.classTokens()));
    panamba_patch_embedding_args.out(args, addresses.of(op.out()));
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
    panamba_patch_embedding_args.dtype(args, Codes.of(op.weight().dtype()));
    for (int i = 0; i < op.classIndex().count(); i++) {
      panamba_patch_embedding_args
          .class_index(args)
          .setAtIndex(ValueLayout.JAVA_LONG, i, op.classIndex().place(i));
    }
    return args;
  }

  MemorySegment patches(Patches op) {
    MemorySegment args = panamba_patches_args.allocate(arena);
    Shape image = op.image().shape();
    panamba_patches_args.image(args, addresses.of(op.image()));
    panamba_patches_args.out(args, addresses.of(op.out()));
    panamba_patches_args.batch(args, image.size(0));
    panamba_patches_args.channels(args, image.size(1));
    panamba_patches_args.height(args, image.size(2));
    panamba_patches_args.width(args, image.size(3));
    panamba_patches_args.patch_height(args, op.patch());
    panamba_patches_args.patch_width(args, op.patch());
    panamba_patches_args.stride_height(args, op.stride());
    panamba_patches_args.stride_width(args, op.stride());
    panamba_patches_args.padding(args, op.padding());
    panamba_patches_args.class_tokens(args, op.classIndex().count());
    for (int i = 0; i < op.classIndex().count(); i++) {
      panamba_patches_args
          .class_index(args)
          .setAtIndex(ValueLayout.JAVA_LONG, i, op.classIndex().place(i));
    }
    return args;
  }

  MemorySegment patchesGradient(PatchesGradient op) {
    MemorySegment args = panamba_patches_gradient_args.allocate(arena);
    Shape image = op.imageGradient().shape();
    panamba_patches_gradient_args.patch_gradient(args, addresses.of(op.patchGradient()));
    panamba_patches_gradient_args.image_gradient(args, addresses.of(op.imageGradient()));
    panamba_patches_gradient_args.batch(args, image.size(0));
    panamba_patches_gradient_args.channels(args, image.size(1));
    panamba_patches_gradient_args.height(args, image.size(2));
    panamba_patches_gradient_args.width(args, image.size(3));
    panamba_patches_gradient_args.patch_height(args, op.patch());
    panamba_patches_gradient_args.patch_width(args, op.patch());
    panamba_patches_gradient_args.stride_height(args, op.stride());
    panamba_patches_gradient_args.stride_width(args, op.stride());
    panamba_patches_gradient_args.padding(args, op.padding());
    panamba_patches_gradient_args.class_tokens(args, op.classIndex().count());
    for (int i = 0; i < op.classIndex().count(); i++) {
      panamba_patches_gradient_args
          .class_index(args)
          .setAtIndex(ValueLayout.JAVA_LONG, i, op.classIndex().place(i));
    }
    return args;
  }

  MemorySegment pool(Pool op) {
    MemorySegment args = panamba_pool_args.allocate(arena);
    Shape shape = op.input().shape();
    panamba_pool_args.input(args, addresses.of(op.input()));
    panamba_pool_args.out(args, addresses.of(op.out()));
    panamba_pool_args.batch(args, shape.size(0));
    panamba_pool_args.length(args, shape.size(1));
    panamba_pool_args.dim(args, shape.size(2));
    panamba_pool_args.first(args, op.first());
    panamba_pool_args.count(args, op.count());
    panamba_pool_args.step(args, op.step());
    panamba_pool_args.kind(args, Codes.of(op.kind()));
    return args;
  }

  MemorySegment poolGradient(PoolGradient op) {
    MemorySegment args = panamba_pool_gradient_args.allocate(arena);
    Shape shape = op.inputGradient().shape();
    panamba_pool_gradient_args.input(args, addresses.of(op.input()));
    panamba_pool_gradient_args.out_gradient(args, addresses.of(op.outGradient()));
    panamba_pool_gradient_args.input_gradient(args, addresses.of(op.inputGradient()));
    panamba_pool_gradient_args.batch(args, shape.size(0));
    panamba_pool_gradient_args.length(args, shape.size(1));
    panamba_pool_gradient_args.dim(args, shape.size(2));
    panamba_pool_gradient_args.first(args, op.first());
    panamba_pool_gradient_args.count(args, op.count());
    panamba_pool_gradient_args.step(args, op.step());
    panamba_pool_gradient_args.kind(args, Codes.of(op.kind()));
    return args;
  }
}
