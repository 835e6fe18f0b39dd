package io.panamba.model.vim;

import io.panamba.model.vim.VimWeights.Branch;
import io.panamba.model.vim.VimWeights.Layer;
import io.panamba.model.weights.TrainedWeights;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.CausalConv;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.ConvGradient;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.Pointwise;
import io.panamba.runtime.operation.Product;
import io.panamba.runtime.operation.ScanGradient;
import io.panamba.runtime.operation.SelectiveScan;
import io.panamba.runtime.operation.Sum;
import java.util.List;

/**
 * One layer, forward and backward (Vim algorithm 1).
 *
 * <p>Forward keeps what is expensive to compute again and small: the stream before the layer, x and
 * z, what x_proj gives, and every 32nd state of the scans. Backward computes the rest again: the
 * normed stream, the convolutions, the states and the gated sum.
 */
final class LayerSteps {
  /** Rows between saved states: with 16 states, they then take half a row of x per direction. */
  static final int SAVED_INTERVAL = 32;

  /** One direction: weights, what is kept of it, and what is not. */
  private static final class Direction {
    private final Branch keys;
    private final TrainedWeights store;
    private final Tensor a;
    private final PackedMatrix projection;
    private final Tensor projected;
    private final Tensor savedStates;

    /** Scratch. */
    private final Tensor u;

    private final Tensor uGradient;
    private final Tensor projectedParts;
    private final Tensor projectedGradient;
    private final Tensor scanParts;
    private final Tensor convParts;

    Direction(Branch keys, boolean forward, TrainingMemory memory, TrainedWeights store) {
      VimSizes sizes = memory.config().sizes();
      this.keys = keys;
      this.store = store;
      a = memory.tensor(sizes.states(), sizes.inner());
      projection = memory.shared("x_proj", store.value(keys.projection()));
      projected = memory.saved(sizes.dtRank() + 2L * sizes.states());
      savedStates = memory.savedStates(SAVED_INTERVAL);
      TrainingMemory.Direction scratch = forward ? memory.forward() : memory.backward();
      u = scratch.u();
      uGradient = scratch.uGradient();
      projectedParts = scratch.projectedParts();
      projectedGradient = scratch.projectedGradient();
      scanParts = scratch.scanParts();
      convParts = scratch.convParts();
    }

    void prepare(List<Operation> operations) {
      operations.add(
          new Pointwise(Pointwise.Kind.DECAY, Columns.of(store.value(keys.a())), Columns.of(a)));
    }

    CausalConv.Direction conv() {
      return new CausalConv.Direction(
          store.value(keys.convWeight()), store.value(keys.convBias()), u);
    }

    void project(List<Operation> operations) {
      operations.add(TrainingMemory.pack(store.value(keys.projection()), projection));
      operations.add(Linear.of(u, projection, null, 0, projected));
    }

    SelectiveScan.Direction scan() {
      return new SelectiveScan.Direction(
          u,
          projected,
          store.value(keys.dtWeight()),
          store.value(keys.dtBias()),
          a,
          store.value(keys.d()),
          null,
          null,
          savedStates);
    }

    ScanGradient.Direction scanGradient() {
      return new ScanGradient.Direction(scan(), uGradient, projectedParts, scanParts);
    }

    ConvGradient.Direction convGradient() {
      return new ConvGradient.Direction(
          store.value(keys.convWeight()), store.value(keys.convBias()), uGradient, convParts);
    }

    /** The gradients of the scan's parameters and of x_proj, and what flows through it into u. */
    void afterScan(List<Operation> operations) {
      long first = 0;
      for (Tensor gradient :
          List.of(
              store.gradient(keys.a()),
              store.gradient(keys.dtWeight()),
              store.gradient(keys.dtBias()),
              store.gradient(keys.d()))) {
        operations.add(Sum.of(scanParts, first, gradient));
        first += gradient.shape().elements();
      }
      operations.add(Sum.of(projectedParts, projectedGradient));
      operations.add(
          Product.ofWeight(
              Columns.of(projectedGradient), Columns.of(u), 0, store.gradient(keys.projection())));
      operations.add(
          Product.ofInput(
              Columns.of(projectedGradient),
              store.value(keys.projection()),
              1,
              Columns.of(uGradient)));
    }

    void afterConv(List<Operation> operations) {
      Tensor weight = store.gradient(keys.convWeight());
      operations.add(Sum.of(convParts, weight));
      operations.add(Sum.of(convParts, weight.shape().elements(), store.gradient(keys.convBias())));
    }
  }

  private final VimConfig config;
  private final TrainingMemory memory;
  private final TrainedWeights store;
  private final Layer keys;
  private final NormSteps norm;
  private final PackedMatrix inProjection;
  private final PackedMatrix outProjection;
  private final Direction forward;
  private final Direction backward;
  private final Tensor xz;
  private final Columns x;
  private final Columns z;
  private final Tensor imageScale;
  private final float scale;

  /**
   * Allocates what the layer keeps.
   *
   * @param imageScale (batch), or null if mixers are never dropped
   */
  LayerSteps(Layer keys, TrainingMemory memory, TrainedWeights store, Tensor imageScale) {
    this.config = memory.config();
    this.memory = memory;
    this.store = store;
    this.imageScale = imageScale;
    this.keys = keys;
    norm = new NormSteps(keys.norm(), memory, store);
    inProjection = memory.shared("in_proj", store.value(keys.inProjection()));
    outProjection = memory.shared("out_proj", store.value(keys.outProjection()));
    forward = new Direction(keys.forward(), true, memory, store);
    backward = new Direction(keys.backward(), false, memory, store);
    long inner = config.sizes().inner();
    xz = memory.saved(2 * inner);
    x = new Columns(xz, 0, inner);
    z = new Columns(xz, inner, inner);
    scale = config.has(VimTrait.DIVIDE_OUT) ? 0.5f : 1;
  }

  /** Brings what is derived of weights up to date. */
  void prepare(List<Operation> operations) {
    forward.prepare(operations);
    backward.prepare(operations);
  }

  /**
   * The layer without the addition of its output to the stream.
   *
   * @param stream holds the output of the layer before, if there is one
   * @param before the stream that it is to be added to, or null
   * @param out the layer's output
   */
  void forward(Tensor stream, Tensor before, Tensor out, List<Operation> operations) {
    operations.add(norm.forward(stream, before, memory.normed()));
    operations.add(TrainingMemory.pack(store.value(keys.inProjection()), inProjection));
    operations.add(Linear.of(memory.normed(), inProjection, null, 0, xz));
    operations.add(new Pointwise(Pointwise.Kind.SILU, z, Columns.of(memory.gate())));
    operations.add(CausalConv.of(x, forward.conv(), backward.conv()));
    forward.project(operations);
    backward.project(operations);
    operations.add(
        new SelectiveScan(
            forward.scan(),
            backward.scan(),
            Columns.of(memory.gate()),
            scale,
            imageScale,
            SAVED_INTERVAL,
            false,
            memory.scanned()));
    operations.add(TrainingMemory.pack(store.value(keys.outProjection()), outProjection));
    operations.add(Linear.of(memory.scanned(), outProjection, null, 0, out));
  }

  /**
   * The gradients.
   *
   * @param stream before the layer
   * @param gradient of the stream after the layer, and then before it
   */
  void backward(Tensor stream, Tensor gradient, List<Operation> operations) {
    operations.add(norm.forward(stream, null, memory.normed()));
    operations.add(CausalConv.of(x, forward.conv(), backward.conv()));
    // The gate is no longer needed: its memory takes the gradient of the gated sum.
    Tensor outGradient = memory.gate();
    Tensor outWeight = store.value(keys.outProjection());
    Columns flowing = Columns.of(gradient);
    operations.add(Product.ofInput(flowing, outWeight, 0, Columns.of(outGradient)));
    Tensor xzGradient = memory.xzGradient();
    Columns xGradient = new Columns(xzGradient, 0, config.sizes().inner());
    Columns zGradient = new Columns(xzGradient, config.sizes().inner(), config.sizes().inner());
    operations.add(
        new ScanGradient(
            outGradient,
            z,
            imageScale,
            zGradient,
            memory.scanned(),
            forward.scanGradient(),
            backward.scanGradient(),
            scale,
            SAVED_INTERVAL));
    operations.add(
        Product.ofWeight(
            flowing, Columns.of(memory.scanned()), 0, store.gradient(keys.outProjection())));
    forward.afterScan(operations);
    backward.afterScan(operations);
    operations.add(new ConvGradient(x, xGradient, forward.convGradient(), backward.convGradient()));
    forward.afterConv(operations);
    backward.afterConv(operations);
    operations.add(
        Product.ofWeight(
            Columns.of(xzGradient),
            Columns.of(memory.normed()),
            0,
            store.gradient(keys.inProjection())));
    Tensor normedGradient = memory.normedGradient();
    operations.add(
        Product.ofInput(
            Columns.of(xzGradient),
            store.value(keys.inProjection()),
            0,
            Columns.of(normedGradient)));
    norm.backward(stream, normedGradient, 1, gradient, operations);
  }
}
