package io.panamba.model.vim;

import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.NormGradient;
import io.panamba.runtime.operation.Pack;
import io.panamba.runtime.operation.ScanGradient;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.Map;

/**
 * The memory of a training step: what layers keep from forward to backward, counted, and scratch
 * that all of them share.
 */
final class TrainingMemory {
  /** Scratch of one direction; shapes are those of {@link ScanGradient} and its convolution. */
  record Direction(
      Tensor u,
      Tensor uGradient,
      Tensor projectedParts,
      Tensor projectedGradient,
      Tensor scanParts,
      Tensor convParts) {}

  private final VimConfig config;
  private final long batch;
  private final Device device;
  private final Arena arena;
  private final Direction forward;
  private final Direction backward;
  private final Tensor normed;
  private final Tensor normedGradient;
  private final Tensor gate;
  private final Tensor scanned;
  private final Tensor xzGradient;
  private final Tensor normParts;
  private final Map<String, PackedMatrix> shared = new HashMap<>();
  private long bytes;
  private long savedBytes;

  TrainingMemory(VimConfig config, long batch, Device device, Arena arena) {
    this.config = config;
    this.batch = batch;
    this.device = device;
    this.arena = arena;
    forward = direction();
    backward = direction();
    normed = row(config.sizes().dim());
    normedGradient = row(config.sizes().dim());
    gate = row(config.sizes().inner());
    scanned = row(config.sizes().inner());
    xzGradient = row(2L * config.sizes().inner());
    normParts = tensor(NormGradient.parts(batch * config.length()), 2, config.sizes().dim());
  }

  private Direction direction() {
    long inner = config.sizes().inner();
    long width = config.sizes().dtRank() + 2L * config.sizes().states();
    return new Direction(
        row(inner),
        row(inner),
        tensor(ScanGradient.parts(inner), batch, config.length(), width),
        row(width),
        tensor(batch, config.sizes().states() + config.sizes().dtRank() + 2L, inner),
        tensor(batch, config.sizes().kernel() + 1L, inner));
  }

  VimConfig config() {
    return config;
  }

  Tensor tensor(long... sizes) {
    Tensor tensor = Tensor.allocate(arena, DType.F32, Shape.of(sizes));
    bytes += tensor.segment().byteSize();
    return tensor;
  }

  /** Scratch with a row for every token. */
  Tensor row(long width) {
    return tensor(batch, config.length(), width);
  }

  /** What is kept for the backward pass: a row for every token. */
  Tensor saved(long width) {
    return counted(row(width));
  }

  /** What is kept for the backward pass: states of the scan before every so many rows. */
  Tensor savedStates(int interval) {
    long stretches = Math.ceilDiv(config.length(), interval);
    return counted(tensor(batch, stretches, config.sizes().states(), config.sizes().inner()));
  }

  private Tensor counted(Tensor tensor) {
    savedBytes += tensor.segment().byteSize();
    return tensor;
  }

  /** All bytes that were handed out. */
  long bytes() {
    return bytes;
  }

  /** The bytes that are kept from the forward to the backward pass. */
  long savedBytes() {
    return savedBytes;
  }

  /** A place for the packed form of a matrix. */
  PackedMatrix packed(Tensor matrix) {
    PackedMatrix packed = device.pack(arena, MatrixSource.of(matrix(matrix)), DType.F32);
    bytes += packed.byteSize();
    return packed;
  }

  /** The one place for the packed forms of all layers' matrices of a name, one at a time. */
  PackedMatrix shared(String name, Tensor matrix) {
    return shared.computeIfAbsent(name, _ -> packed(matrix));
  }

  static Pack pack(Tensor matrix, PackedMatrix out) {
    return new Pack(MatrixSource.of(matrix(matrix)), out);
  }

  /** A weight as (outputs, inputs). */
  static Tensor matrix(Tensor weight) {
    long rows = weight.shape().size(0);
    return weight.reshape(Shape.of(rows, weight.shape().elements() / rows));
  }

  Direction forward() {
    return forward;
  }

  Direction backward() {
    return backward;
  }

  Tensor normed() {
    return normed;
  }

  Tensor normedGradient() {
    return normedGradient;
  }

  Tensor gate() {
    return gate;
  }

  Tensor scanned() {
    return scanned;
  }

  Tensor xzGradient() {
    return xzGradient;
  }

  Tensor normParts() {
    return normParts;
  }
}
