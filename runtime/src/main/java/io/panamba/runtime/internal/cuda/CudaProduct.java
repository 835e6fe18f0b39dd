package io.panamba.runtime.internal.cuda;

import io.panamba.runtime.operation.Operation;
import java.lang.foreign.MemorySegment;

/**
 * A product of cuBLASLt, whose matrices are column-major: the transpose of a tensor (rows, columns)
 * is one of (columns, rows) as it lies. So out^T = weight input^T, with the weight (depth, columns)
 * transposed.
 */
final class CudaProduct implements CudaStep {
  private final CudaContext context;
  private final MemorySegment handle;
  private final CudaProducts.Choice choice;
  private final CudaScratch scratch;
  private final Operation operation;
  private final MemorySegment weight;
  private final MemorySegment alpha;
  private final MemorySegment beta;
  private MemorySegment input;
  private MemorySegment out;

  /**
   * Prepares a product.
   *
   * @param factors of the product and of what the output held, two floats
   */
  CudaProduct(
      CudaDevice device,
      CudaProducts.Choice choice,
      CudaScratch scratch,
      Operation operation,
      MemorySegment weight,
      MemorySegment factors) {
    this.context = device.context();
    this.handle = device.products();
    this.choice = choice;
    this.scratch = scratch;
    this.operation = operation;
    this.weight = weight;
    this.alpha = factors.asSlice(0, Float.BYTES);
    this.beta = factors.asSlice(Float.BYTES, Float.BYTES);
  }

  /** Says where input and output lie. */
  void place(MemorySegment input, MemorySegment out) {
    this.input = input;
    this.out = out;
  }

  @Override
  public void launch(MemorySegment stream) {
    context.checkProduct(
        context
            .products()
            .multiply(
                handle,
                choice.descriptor(),
                alpha,
                weight,
                choice.weight(),
                input,
                choice.input(),
                beta,
                out,
                choice.out(),
                choice.algorithm(),
                scratch.work(),
                choice.workspace(),
                stream),
        operation);
  }
}
