package io.panamba.model.checkpoint;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Map;

/**
 * A batch norm (arXiv 1502.03167) behind a layer that is linear. At inference it multiplies output
 * o by {@code s[o] = weight[o] / sqrt(running_var[o] + eps)} and adds {@code bias[o] -
 * running_mean[o] s[o]}, which the layer can do.
 *
 * @param layer the name of the layer, without {@code .weight}
 * @param norm the name of the norm, without {@code .weight}
 * @param axis of the layer's weight that counts outputs: 0, or 1 of a transposed convolution
 * @param eps added to the variance
 */
public record BatchNorm(String layer, String norm, int axis, double eps) {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Replaces a layer's tensors, and takes the norm's away. */
  void fold(Checkpoint checkpoint, Map<String, StoredTensor> tensors, Arena owner) {
    String key = layer + ".weight";
    StoredTensor weight = required(checkpoint, key);
    if (weight.shape().rank() <= axis || weight.shape().elements() == 0) {
      throw new WeightsException(
          "%s is %s; expected a layer before a batch norm"
              .formatted(checkpoint.nameBefore(key), weight.shape()));
    }
    int outputs = Math.toIntExact(weight.shape().size(axis));
    float[] scales = vector(checkpoint, norm + ".weight", outputs);
    float[] shifts = vector(checkpoint, norm + ".bias", outputs);
    float[] means = vector(checkpoint, norm + ".running_mean", outputs);
    float[] variances = vector(checkpoint, norm + ".running_var", outputs);
    String bias = layer + ".bias";
    float[] own =
        tensors.containsKey(bias) ? vector(checkpoint, bias, outputs) : new float[outputs];
    double[] factors = new double[outputs];
    float[] biases = new float[outputs];
    for (int i = 0; i < outputs; i++) {
      if (variances[i] < 0) {
        throw new WeightsException(
            "%s has a variance of %s"
                .formatted(checkpoint.nameBefore(norm + ".running_var"), variances[i]));
      }
      factors[i] = scales[i] / Math.sqrt(variances[i] + eps);
      biases[i] = (float) (shifts[i] + (own[i] - (double) means[i]) * factors[i]);
    }
    tensors.keySet().removeIf(name -> name.startsWith(norm + "."));
    Shape shape = weight.shape();
    tensors.put(
        key,
        new StoredTensor(
            key,
            DType.F32,
            shape,
            StoredTensor.denseStrides(shape),
            new Product(weight, factors, inner(shape), owner).bytes()));
    Shape ofBias = Shape.of(outputs);
    Tensor folded = Tensor.of(owner, ofBias, biases);
    tensors.put(
        bias,
        new StoredTensor(
            bias,
            DType.F32,
            ofBias,
            StoredTensor.denseStrides(ofBias),
            Bytes.of(folded.segment())));
  }

  /** How many elements that follow each other belong to one output. */
  private long inner(Shape shape) {
    long inner = 1;
    for (int i = axis + 1; i < shape.rank(); i++) {
      inner *= shape.size(i);
    }
    return inner;
  }

  private static StoredTensor required(Checkpoint checkpoint, String key) {
    return checkpoint
        .find(key)
        .orElseThrow(
            () -> new WeightsException("%s is missing".formatted(checkpoint.nameBefore(key))));
  }

  private static float[] vector(Checkpoint checkpoint, String key, int outputs) {
    StoredTensor tensor = required(checkpoint, key);
    if (!tensor.shape().equals(Shape.of(outputs)) || !tensor.dtype().isFloating()) {
      throw new WeightsException(
          "%s is %s%s; expected %d numbers, one for each output"
              .formatted(checkpoint.nameBefore(key), tensor.dtype(), tensor.shape(), outputs));
    }
    return tensor.toFloats();
  }

  /** A weight times the factors of its outputs; made when it is read for the first time. */
  private static final class Product {
    private final StoredTensor weight;
    private final double[] factors;
    private final long inner;
    private final Arena owner;
    private MemorySegment made;

    Product(StoredTensor weight, double[] factors, long inner, Arena owner) {
      this.weight = weight;
      this.factors = factors;
      this.inner = inner;
      this.owner = owner;
    }

    Bytes bytes() {
      return new Bytes(
          this::read, 0, Math.multiplyExact(weight.shape().elements(), DType.F32.bytes()));
    }

    private void read(long offset, MemorySegment target) {
      MemorySegment.copy(made(), offset, target, 0, target.byteSize());
    }

    private synchronized MemorySegment made() {
      if (made == null) {
        float[] values = weight.toFloats();
        MemorySegment memory =
            owner.allocate(values.length * (long) DType.F32.bytes(), Tensor.ALIGNMENT);
        for (int i = 0; i < values.length; i++) {
          double factor = factors[(int) (i / inner % factors.length)];
          memory.setAtIndex(FLOAT, i, (float) (values[i] * factor));
        }
        made = memory;
      }
      return made;
    }
  }
}
