package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.panamba_cuda_embedding_args;
import io.panamba.bindings.cuda.panamba_cuda_gather_args;
import io.panamba.bindings.cuda.panamba_cuda_h;
import io.panamba.bindings.panamba_conv2d_args;
import io.panamba.runtime.DType;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.struct.Codes;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Conv2d;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.PatchEmbedding;
import io.panamba.runtime.operation.PlanarConv2d;
import java.lang.foreign.MemorySegment;

/**
 * Writes convolutions and patch embeddings. What lies under the kernel is gathered as rows, and
 * multiplied with the weight.
 */
final class CudaConvolutions {
  /** What is gathered at a time stays in a large GPU's cache until it is multiplied: bytes. */
  private static final long MOST_PATCHES = 32L << 20;

  private final CudaContext context;
  private final CudaSteps steps;
  private final CudaArguments arguments;
  private final CudaLinears linears;

  CudaConvolutions(CudaContext context, CudaSteps steps, CudaLinears linears) {
    this.context = context;
    this.steps = steps;
    this.arguments = steps.arguments();
    this.linears = linears;
  }

  /** Patches are gathered, multiplied, and placed between the class tokens. */
  void embed(PatchEmbedding op) {
    MemorySegment gather = arguments.gather(op);
    long rows =
        panamba_cuda_gather_args.batch(gather)
            * panamba_cuda_gather_args.out_height(gather)
            * panamba_cuda_gather_args.out_width(gather);
    long columns = op.weight().columns();
    long stride = stride(gather, op.weight(), op.weight().depth());
    steps.scratch().needPatches(Math.multiplyExact(rows, stride * op.weight().dtype().bytes()));
    steps.scratch().needProduct(Math.multiplyExact(rows, columns * Float.BYTES));
    steps.kernel(op, panamba_cuda_h.PANAMBA_CUDA_GATHER(), gather);
    CudaProducts.Kind kind =
        kind(rows, op.weight(), stride, DType.F32, MemorySegment.NULL, MemorySegment.NULL);
    CudaProduct product = linears.product(op, kind, op.weight(), 0);
    MemorySegment place = arguments.embedding(op);
    steps.kernel(op, panamba_cuda_h.PANAMBA_CUDA_PLACE_TOKENS(), place);
    steps.whenPlaced(
        () -> {
          panamba_cuda_gather_args.patches(gather, steps.scratch().patches());
          panamba_cuda_embedding_args.product(place, steps.scratch().product());
          product.place(steps.scratch().patches(), steps.scratch().product());
        });
  }

  void convolve(Conv2d op) {
    long depth = op.weight().count() * op.weight().depth();
    convolve(op, op.weight(), depth, op.bias(), op.accumulate(), op.activation(), op.out());
  }

  void convolve(PlanarConv2d op) {
    convolve(op, op.weight(), op.weight().depth(), op.bias(), 0, op.activation(), op.out());
  }

  /** Some images at a time. */
  private void convolve(
      Operation op,
      PackedMatrix weight,
      long depth,
      Tensor bias,
      float accumulate,
      Linear.Activation activation,
      Tensor out) {
    MemorySegment conv = arguments.shared(op);
    long batch = panamba_conv2d_args.batch(conv);
    long pixels = panamba_conv2d_args.out_height(conv) * panamba_conv2d_args.out_width(conv);
    long imageBytes = pixels * weight.columns() * out.dtype().bytes();
    Columns all = Columns.of(out);
    boolean waits = CudaLinears.isRoundedOnce(all, bias, activation);
    for (long first = 0, images; first < batch; first += images) {
      MemorySegment gather = arguments.gather(conv, first);
      long stride = stride(gather, weight, depth);
      long patchBytes = Math.multiplyExact(pixels, stride * weight.dtype().bytes());
      images = Math.clamp(MOST_PATCHES / patchBytes, 1, batch - first);
      if (waits) {
        long fit = CudaLinears.mostRows(weight.columns(), batch * pixels) / pixels;
        images = Math.clamp(fit, 1, images);
      }
      panamba_cuda_gather_args.batch(gather, images);
      steps.scratch().needPatches(images * patchBytes);
      steps.kernel(op, panamba_cuda_h.PANAMBA_CUDA_GATHER(), gather);
      MemorySegment result =
          waits
              ? MemorySegment.NULL
              : arguments.addresses().of(out).asSlice(first * imageBytes, images * imageBytes);
      if (waits) {
        linears.begin(op, accumulate, all, first * pixels, images * pixels);
      }
      CudaProduct product =
          linears.product(
              op,
              kind(
                  images * pixels,
                  weight,
                  stride,
                  waits ? DType.F32 : out.dtype(),
                  result,
                  arguments.addresses().of(bias)),
              weight,
              accumulate);
      steps.whenPlaced(
          () -> {
            panamba_cuda_gather_args.patches(gather, steps.scratch().patches());
            product.place(steps.scratch().patches(), waits ? steps.scratch().product() : result);
          });
      if (waits) {
        linears.finish(op, activation, false, all, first * pixels, images * pixels);
      }
    }
    if (!waits) {
      linears.activate(op, activation, all);
    }
  }

  /** Says how far apart rows of patches are: as far as the weight's, so that both are aligned. */
  private long stride(MemorySegment gather, PackedMatrix weight, long depth) {
    long stride = context.kernels().packedDepth(depth, Codes.of(weight.dtype()));
    panamba_cuda_gather_args.patch_row_stride(gather, stride);
    return stride;
  }

  /** Rows of patches times a weight, the zeros that fill both up included. */
  private static CudaProducts.Kind kind(
      long rows,
      PackedMatrix weight,
      long stride,
      DType outType,
      MemorySegment out,
      MemorySegment bias) {
    long columns = weight.columns();
    return new CudaProducts.Kind(
        rows,
        columns,
        stride,
        stride,
        stride,
        columns,
        weight.dtype(),
        outType,
        CudaProducts.alignment(MemorySegment.NULL, stride * weight.dtype().bytes()),
        CudaProducts.alignment(out, columns * outType.bytes()),
        bias.address(),
        null);
  }
}
