package io.panamba.runtime.operation;

import io.panamba.runtime.Device;
import io.panamba.runtime.Plan;
import java.util.List;

/**
 * One step of a network, as data: the tensors that it reads and writes, and its options. A
 * constructor checks shapes and element types, so that an operation that exists can be run. A
 * {@link Device} turns a list of operations into a {@link Plan}.
 *
 * <p>Activations are (batch, length, channels), channels last, on every device. The formula of each
 * operation stands in its record; the papers are "Vision Mamba" (arXiv 2401.09417) and "Mamba"
 * (arXiv 2312.00752).
 */
public sealed interface Operation
    permits PatchEmbedding,
        Norm,
        Linear,
        CausalConv,
        SelectiveScan,
        Rotary,
        Pool,
        Attention,
        GatedLinear,
        Gate,
        Sum,
        Conv2d,
        PlanarConv2d,
        DepthwiseConv,
        PatchMerging,
        Convert,
        CrossScan,
        Resize,
        WindowPool,
        RoiAlign,
        Copy,
        Together,
        TrainingOperation {
  /**
   * Lists the memory that it reads, that which it adds to included.
   *
   * @return the operands
   */
  List<Operand> reads();

  /**
   * Lists the memory that it writes.
   *
   * @return the operands
   */
  List<Operand> writes();
}
