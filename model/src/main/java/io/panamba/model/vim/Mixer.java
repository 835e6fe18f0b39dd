package io.panamba.model.vim;

import io.panamba.model.vim.VimWeights.Branch;
import io.panamba.model.vim.VimWeights.Layer;
import io.panamba.model.weights.Affine;
import io.panamba.model.weights.LoadedWeights;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.CausalConv;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Norm;
import io.panamba.runtime.operation.SelectiveScan;

/**
 * The operations of a layer, for whole sequences, tiles and single tokens alike (Vim algorithm 1).
 * In bimamba v1 both directions read the forward convolution.
 *
 * @param config of the network
 * @param weights of the network
 */
record Mixer(VimConfig config, LoadedWeights weights) {
  private static final int X = 0;
  private static final int Z = 1;

  /** out = norm(stream) */
  Norm norm(Affine norm, Tensor stream, Tensor out) {
    return norm(norm, stream, null, 1, out);
  }

  /** {@code stream = scale * stream + addend}, unless that is null; out = norm(stream) */
  Norm norm(Affine norm, Tensor stream, Tensor addend, float scale, Tensor out) {
    return new Norm(
        config.has(VimTrait.LAYER_NORM) ? Norm.Kind.LAYER : Norm.Kind.RMS,
        stream,
        addend,
        scale,
        weights.tensor(norm.weight()),
        weights.tensor(norm.bias()),
        VimConfig.EPS,
        out);
  }

  /** x, the first half of in_proj. */
  Linear x(Layer layer, Tensor normed, Tensor out) {
    return Linear.of(normed, weights.matrix(layer.inProjection(), X), bias(layer, X), 0, out);
  }

  /** z, the second half of in_proj. */
  Linear gate(Layer layer, Tensor normed, Tensor out) {
    return Linear.of(normed, weights.matrix(layer.inProjection(), Z), bias(layer, Z), 0, out);
  }

  private Tensor bias(Layer layer, int half) {
    long inner = config.sizes().inner();
    return layer.inBias() == null
        ? null
        : weights.tensor(layer.inBias()).slice(half * inner, inner);
  }

  CausalConv.Direction conv(Branch branch, Tensor out) {
    return new CausalConv.Direction(
        weights.tensor(branch.convWeight()), weights.tensor(branch.convBias()), out);
  }

  /** dt, B and C of a direction. */
  Linear projected(Branch branch, Tensor u, Tensor out) {
    return Linear.of(u, weights.matrix(branch.projection()), null, 0, out);
  }

  /** A direction that starts with a state and leaves one, or zeros and nothing for null. */
  SelectiveScan.Direction scan(
      Branch branch, Tensor u, Tensor projected, Tensor initialState, Tensor finalState) {
    return new SelectiveScan.Direction(
        u,
        projected,
        weights.tensor(branch.dtWeight()),
        weights.tensor(branch.dtBias()),
        weights.tensor(branch.a()),
        weights.tensor(branch.d()),
        initialState,
        finalState,
        null);
  }

  /** What the sum of the directions is multiplied by. */
  float scale() {
    return config.directionScale();
  }

  /** {@code out = accumulate * out + out_proj(scanned)} */
  Linear out(Layer layer, Tensor scanned, float accumulate, Tensor out) {
    return Linear.of(
        scanned,
        weights.matrix(layer.outProjection()),
        weights.tensor(layer.outBias()),
        accumulate,
        out);
  }
}
