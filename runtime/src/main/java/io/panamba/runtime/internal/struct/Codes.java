package io.panamba.runtime.internal.struct;

import io.panamba.bindings.panamba_h;
import io.panamba.bindings.panamba_training_h;
import io.panamba.runtime.DType;
import io.panamba.runtime.ShapeException;
import io.panamba.runtime.operation.CrossScan;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Norm;
import io.panamba.runtime.operation.Pointwise;
import io.panamba.runtime.operation.Pool;

/** The numbers by which the native interface knows types and kinds. */
public final class Codes {
  private Codes() {}

  /** A type that activations and packed matrices have. */
  public static int of(DType dtype) {
    return switch (dtype) {
      case F32 -> panamba_h.PANAMBA_F32();
      case BF16 -> panamba_h.PANAMBA_BF16();
      default -> throw new ShapeException(dtype + " is no type of activations: F32 and BF16 are");
    };
  }

  /** A type that matrices have before they are packed. */
  public static int ofSource(DType dtype) {
    return switch (dtype) {
      case F32 -> panamba_h.PANAMBA_F32();
      case F64 -> panamba_h.PANAMBA_F64();
      case F16 -> panamba_h.PANAMBA_F16();
      case BF16 -> panamba_h.PANAMBA_BF16();
      default -> throw new ShapeException("pack: " + dtype + " elements can't be packed");
    };
  }

  public static int of(Norm.Kind kind) {
    return switch (kind) {
      case RMS -> panamba_h.PANAMBA_RMS_NORM();
      case LAYER -> panamba_h.PANAMBA_LAYER_NORM();
    };
  }

  public static int of(Pool.Kind kind) {
    return switch (kind) {
      case MEAN -> panamba_h.PANAMBA_POOL_MEAN();
      case MAX -> panamba_h.PANAMBA_POOL_MAX();
    };
  }

  public static int of(Linear.Activation activation) {
    return switch (activation) {
      case NONE -> panamba_h.PANAMBA_ACTIVATION_NONE();
      case SILU -> panamba_h.PANAMBA_ACTIVATION_SILU();
      case GELU -> panamba_h.PANAMBA_ACTIVATION_GELU();
      case RELU -> panamba_h.PANAMBA_ACTIVATION_RELU();
    };
  }

  public static int of(Pointwise.Kind kind) {
    return switch (kind) {
      case SILU -> panamba_training_h.PANAMBA_POINTWISE_SILU();
      case DECAY -> panamba_training_h.PANAMBA_POINTWISE_DECAY();
      case GELU -> panamba_training_h.PANAMBA_POINTWISE_GELU();
      case RELU -> panamba_training_h.PANAMBA_POINTWISE_RELU();
    };
  }

  public static int of(CrossScan.Walks walks) {
    return switch (walks) {
      case CROSS -> panamba_h.PANAMBA_WALKS_CROSS();
      case UNIDI -> panamba_h.PANAMBA_WALKS_UNIDI();
      case BIDI -> panamba_h.PANAMBA_WALKS_BIDI();
    };
  }
}
