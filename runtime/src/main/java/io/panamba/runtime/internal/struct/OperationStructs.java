package io.panamba.runtime.internal.struct;

import io.panamba.bindings.panamba_h;
import io.panamba.bindings.panamba_step;
import io.panamba.runtime.ShapeException;
import io.panamba.runtime.internal.Memory;
import io.panamba.runtime.operation.ActivationGradient;
import io.panamba.runtime.operation.AdamW;
import io.panamba.runtime.operation.Attention;
import io.panamba.runtime.operation.AttentionGradient;
import io.panamba.runtime.operation.CausalConv;
import io.panamba.runtime.operation.Clip;
import io.panamba.runtime.operation.Conv2d;
import io.panamba.runtime.operation.Conv2dGradient;
import io.panamba.runtime.operation.ConvGradient;
import io.panamba.runtime.operation.Convert;
import io.panamba.runtime.operation.Copy;
import io.panamba.runtime.operation.CrossEntropy;
import io.panamba.runtime.operation.CrossScan;
import io.panamba.runtime.operation.CrossScanGradient;
import io.panamba.runtime.operation.DepthwiseConv;
import io.panamba.runtime.operation.DepthwiseConvGradient;
import io.panamba.runtime.operation.Gate;
import io.panamba.runtime.operation.GatedLinear;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Norm;
import io.panamba.runtime.operation.NormGradient;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.Pack;
import io.panamba.runtime.operation.PatchEmbedding;
import io.panamba.runtime.operation.PatchMerging;
import io.panamba.runtime.operation.Patches;
import io.panamba.runtime.operation.PatchesGradient;
import io.panamba.runtime.operation.PlanarConv2d;
import io.panamba.runtime.operation.Pointwise;
import io.panamba.runtime.operation.Pool;
import io.panamba.runtime.operation.PoolGradient;
import io.panamba.runtime.operation.Product;
import io.panamba.runtime.operation.Resize;
import io.panamba.runtime.operation.ResizeGradient;
import io.panamba.runtime.operation.RoiAlign;
import io.panamba.runtime.operation.Rotary;
import io.panamba.runtime.operation.Scale;
import io.panamba.runtime.operation.ScaleGradient;
import io.panamba.runtime.operation.ScanGradient;
import io.panamba.runtime.operation.SelectiveScan;
import io.panamba.runtime.operation.Squares;
import io.panamba.runtime.operation.Sum;
import io.panamba.runtime.operation.Together;
import io.panamba.runtime.operation.WindowPool;
import io.panamba.runtime.operation.WindowPoolGradient;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Writes operations as the steps of panamba.h and panamba_training.h. */
public final class OperationStructs {
  private final Addresses addresses;
  private final ImageStructs images;
  private final MatrixStructs matrices;
  private final SequenceStructs sequences;
  private final TrainingStructs training;
  private final AttentionStructs attention;
  private final ConvStructs convolutions;
  private final CrossScanStructs crossScans;
  private final MapStructs maps;

  /**
   * Writes into an arena.
   *
   * @param addresses collects the memory that the structs name
   */
  public OperationStructs(Arena arena, Addresses addresses) {
    this.addresses = addresses;
    this.images = new ImageStructs(arena, addresses);
    this.matrices = new MatrixStructs(arena, addresses);
    this.sequences = new SequenceStructs(arena, addresses);
    this.training = new TrainingStructs(arena, addresses);
    this.attention = new AttentionStructs(arena, addresses);
    this.convolutions = new ConvStructs(arena, addresses);
    this.crossScans = new CrossScanStructs(arena, addresses);
    this.maps = new MapStructs(arena, addresses);
  }

  /** The number of steps of the native library that an operation is. */
  public static int steps(Operation operation) {
    return operation instanceof Together ? 2 : 1;
  }

  /** Writes an operation as its {@link #steps}, the first of which is given by its index. */
  public void write(MemorySegment steps, int index, Operation operation) {
    MemorySegment step = panamba_step.asSlice(steps, index);
    if (operation instanceof Together(Operation first, Operation second)) {
      write(steps, index, first);
      panamba_step.with_next(step, 1);
      write(steps, index + 1, second);
    } else {
      panamba_step.operation(step, code(operation));
      panamba_step.args(step, arguments(operation));
    }
  }

  /** The code of an operation that is one step. */
  public int code(Operation operation) {
    return switch (operation) {
      case PatchEmbedding _ -> panamba_h.PANAMBA_PATCH_EMBEDDING();
      case Norm _ -> panamba_h.PANAMBA_NORM();
      case Linear _ -> panamba_h.PANAMBA_LINEAR();
      case CausalConv _ -> panamba_h.PANAMBA_CAUSAL_CONV();
      case SelectiveScan _ -> panamba_h.PANAMBA_SELECTIVE_SCAN();
      case Rotary _ -> panamba_h.PANAMBA_ROTARY();
      case Pool _ -> panamba_h.PANAMBA_POOL();
      case Pack _ -> panamba_h.PANAMBA_PACK();
      case Product _ -> panamba_h.PANAMBA_PRODUCT();
      case Sum _ -> panamba_h.PANAMBA_SUM();
      case Pointwise _ -> panamba_h.PANAMBA_POINTWISE();
      case ScanGradient _ -> panamba_h.PANAMBA_SCAN_GRADIENT();
      case ConvGradient _ -> panamba_h.PANAMBA_CONV_GRADIENT();
      case NormGradient _ -> panamba_h.PANAMBA_NORM_GRADIENT();
      case PoolGradient _ -> panamba_h.PANAMBA_POOL_GRADIENT();
      case Patches _ -> panamba_h.PANAMBA_PATCHES();
      case CrossEntropy _ -> panamba_h.PANAMBA_CROSS_ENTROPY();
      case Squares _ -> panamba_h.PANAMBA_SQUARES();
      case Clip _ -> panamba_h.PANAMBA_CLIP();
      case AdamW _ -> panamba_h.PANAMBA_ADAMW();
      case Attention _ -> panamba_h.PANAMBA_ATTENTION();
      case ActivationGradient _ -> panamba_h.PANAMBA_ACTIVATION_GRADIENT();
      case AttentionGradient _ -> panamba_h.PANAMBA_ATTENTION_GRADIENT();
      case Scale _ -> panamba_h.PANAMBA_SCALE();
      case ScaleGradient _ -> panamba_h.PANAMBA_SCALE_GRADIENT();
      case PatchesGradient _ -> panamba_h.PANAMBA_PATCHES_GRADIENT();
      case Convert _ -> panamba_h.PANAMBA_CONVERT();
      case GatedLinear _ -> panamba_h.PANAMBA_LINEAR();
      case Conv2d _ -> panamba_h.PANAMBA_CONV2D();
      case PlanarConv2d _ -> panamba_h.PANAMBA_CONV2D();
      case DepthwiseConv _ -> panamba_h.PANAMBA_DEPTHWISE();
      case Gate _ -> panamba_h.PANAMBA_GATE();
      case PatchMerging _ -> panamba_h.PANAMBA_PATCH_MERGING();
      case Conv2dGradient _ -> panamba_h.PANAMBA_CONV2D_GRADIENT();
      case DepthwiseConvGradient _ -> panamba_h.PANAMBA_DEPTHWISE_GRADIENT();
      case CrossScan _ -> panamba_h.PANAMBA_CROSS_SCAN();
      case CrossScanGradient _ -> panamba_h.PANAMBA_CROSS_SCAN_GRADIENT();
      case Resize _ -> panamba_h.PANAMBA_RESIZE();
      case WindowPool _ -> panamba_h.PANAMBA_WINDOW_POOL();
      case RoiAlign _ -> panamba_h.PANAMBA_ROI_ALIGN();
      case ResizeGradient _ -> panamba_h.PANAMBA_RESIZE_GRADIENT();
      case WindowPoolGradient _ -> panamba_h.PANAMBA_WINDOW_POOL_GRADIENT();
      case Copy op -> throw notAStep(op);
      case Together op -> throw new IllegalArgumentException(op + " is two steps");
    };
  }

  /** Writes the struct of an operation that is one step. */
  public MemorySegment arguments(Operation operation) {
    return switch (operation) {
      case PatchEmbedding op -> images.patchEmbedding(op);
      case Norm op -> matrices.norm(op);
      case Linear op -> matrices.linear(op);
      case CausalConv op -> sequences.causalConv(op);
      case SelectiveScan op -> sequences.selectiveScan(op);
      case Rotary op -> sequences.rotary(op);
      case Pool op -> images.pool(op);
      case Pack op -> matrices.pack(op);
      case Product op -> matrices.product(op);
      case Sum op -> matrices.sum(op);
      case Pointwise op -> training.pointwise(op);
      case ScanGradient op -> sequences.scanGradient(op);
      case ConvGradient op -> sequences.convGradient(op);
      case NormGradient op -> matrices.normGradient(op);
      case PoolGradient op -> images.poolGradient(op);
      case Patches op -> images.patches(op);
      case CrossEntropy op -> training.crossEntropy(op);
      case Squares op -> training.squares(op);
      case Clip op -> training.clip(op);
      case AdamW op -> training.adamW(op);
      case Attention op -> attention.attention(op);
      case ActivationGradient op -> attention.activationGradient(op);
      case AttentionGradient op -> attention.attentionGradient(op);
      case Scale op -> training.scale(op);
      case ScaleGradient op -> training.scaleGradient(op);
      case PatchesGradient op -> images.patchesGradient(op);
      case Convert op -> convolutions.convert(op);
      case GatedLinear op -> matrices.gatedLinear(op);
      case Conv2d op -> convolutions.conv2d(op);
      case PlanarConv2d op -> convolutions.planarConv2d(op);
      case DepthwiseConv op -> convolutions.depthwise(op);
      case Gate op -> convolutions.gate(op);
      case PatchMerging op -> convolutions.patchMerging(op);
      case Conv2dGradient op -> convolutions.conv2dGradient(op);
      case DepthwiseConvGradient op -> convolutions.depthwiseGradient(op);
      case CrossScan op -> crossScans.crossScan(op);
      case CrossScanGradient op -> crossScans.crossScanGradient(op);
      case Resize op -> maps.resize(op);
      case WindowPool op -> maps.windowPool(op);
      case RoiAlign op -> maps.roiAlign(op);
      case ResizeGradient op -> maps.resizeGradient(op);
      case WindowPoolGradient op -> maps.windowPoolGradient(op);
      case Copy op -> throw notAStep(op);
      case Together op -> throw new IllegalArgumentException(op + " is two steps");
    };
  }

  /** One of a copy's tensors lies in a GPU's memory, where no step of the processor works. */
  private ShapeException notAStep(Copy op) {
    return addresses.elsewhere(Memory.home(op.from()) == null ? op.to() : op.from());
  }
}
