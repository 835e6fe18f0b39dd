package io.panamba.model.vim;

import io.panamba.model.graph.Scratch;
import io.panamba.model.vim.VimWeights.Branch;
import io.panamba.model.vim.VimWeights.Layer;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.CausalConv;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.Pool;
import io.panamba.runtime.operation.SelectiveScan;
import java.util.ArrayList;
import java.util.List;

/**
 * The last layer of a network of which one token is wanted. That token's output needs the forward
 * states of the tokens before it and the backward states of those after it, and of everything else
 * its own row alone: about half of the scans, and no gate and no out_proj for the others. The bits
 * are those of the whole layer.
 */
final class LastLayer {
  /**
   * Whole-length tensors, in the network's precision but for the projected ones; and the picked
   * token's own: stream, (batch, dim) in float32, and normed (batch, dim), gate and scanned (batch,
   * inner).
   */
  record Workspace(
      Tensor normed,
      Tensor x,
      Tensor uForward,
      Tensor uBackward,
      Tensor projectedForward,
      Tensor projectedBackward,
      Tensor one,
      Tensor oneNormed,
      Tensor oneGate,
      Tensor oneScanned,
      Tensor forwardState,
      Tensor backwardState) {
    /** The workspace of {@link #scratch}. */
    static Workspace of(List<Tensor> scratch, Tensor one) {
      return new Workspace(
          scratch.get(0),
          scratch.get(1),
          scratch.get(2),
          scratch.get(3),
          scratch.get(4),
          scratch.get(5),
          one,
          scratch.get(6),
          scratch.get(7),
          scratch.get(8),
          scratch.get(9),
          scratch.get(10));
    }
  }

  /** What the layer needs beside its input and its result. */
  static List<Scratch> scratch(VimConfig config, long batch) {
    VimSizes sizes = config.sizes();
    long length = config.length();
    long inner = sizes.inner();
    long projected = sizes.dtRank() + 2L * sizes.states();
    return List.of(
        Scratch.of(batch, length, sizes.dim()),
        Scratch.of(batch, length, inner),
        Scratch.of(batch, length, inner),
        Scratch.of(batch, length, inner),
        Scratch.exact(batch, length, projected),
        Scratch.exact(batch, length, projected),
        Scratch.of(batch, sizes.dim()),
        Scratch.of(batch, inner),
        Scratch.of(batch, inner),
        Scratch.exact(1, sizes.states(), inner),
        Scratch.exact(1, sizes.states(), inner));
  }

  private final Mixer mixer;
  private final Layer layer;
  private final Workspace work;
  private final long picked;
  private final List<Operation> operations = new ArrayList<>();

  private LastLayer(Mixer mixer, Layer layer, Workspace work, long picked) {
    this.mixer = mixer;
    this.layer = layer;
    this.work = work;
    this.picked = picked;
  }

  /**
   * Writes the layer.
   *
   * @param stream (batch, length, dim), up to date
   * @param picked the token's index
   * @return the operations; they leave the token's row of the stream in {@code work.one()}
   */
  static List<Operation> operations(
      Mixer mixer, Layer layer, Workspace work, Tensor stream, long picked) {
    LastLayer last = new LastLayer(mixer, layer, work, picked);
    last.write(stream);
    return last.operations;
  }

  private void write(Tensor stream) {
    operations.add(mixer.norm(layer.norm(), stream, work.normed()));
    operations.add(mixer.x(layer, work.normed(), work.x()));
    operations.add(new Pool(Pool.Kind.MEAN, stream, picked, 1, 1, work.one()));
    operations.add(mixer.norm(layer.norm(), work.one(), work.oneNormed()));
    operations.add(mixer.gate(layer, work.oneNormed(), work.oneGate()));
    long length = stream.shape().size(1);
    for (long image = 0; image < stream.shape().size(0); image++) {
      scan(image, length);
    }
    operations.add(mixer.out(layer, work.oneScanned(), 1, work.one()));
  }

  private void scan(long image, long length) {
    Branch forward = layer.forward();
    Branch backward = layer.backward();
    // With one set of parameters (v1) both directions read the forward convolution.
    boolean shared = mixer.config().bimamba() == Bimamba.V1;
    Tensor backwardU = shared ? work.uForward() : work.uBackward();
    Tensor backwardProjected = shared ? work.projectedForward() : work.projectedBackward();
    project(image, 0, shared ? length : picked + 1, true);
    if (backward != null && !shared) {
      project(image, picked, length, false);
    }
    if (picked > 0) {
      Tensor u = rows(work.uForward(), image, 0, picked);
      Tensor projected = rows(work.projectedForward(), image, 0, picked);
      operations.add(
          new SelectiveScan(
              mixer.scan(forward, u, projected, null, work.forwardState()),
              null,
              null,
              1,
              null,
              0,
              false,
              rows(work.x(), image, 0, picked)));
    }
    if (backward != null && picked < length - 1) {
      Tensor u = rows(backwardU, image, picked + 1, length);
      Tensor projected = rows(backwardProjected, image, picked + 1, length);
      operations.add(
          new SelectiveScan(
              null,
              mixer.scan(backward, u, projected, null, work.backwardState()),
              null,
              1,
              null,
              0,
              false,
              rows(work.x(), image, picked + 1, length)));
    }
    operations.add(
        new SelectiveScan(
            mixer.scan(
                forward,
                rows(work.uForward(), image, picked, picked + 1),
                rows(work.projectedForward(), image, picked, picked + 1),
                picked > 0 ? work.forwardState() : null,
                null),
            backward == null
                ? null
                : mixer.scan(
                    backward,
                    rows(backwardU, image, picked, picked + 1),
                    rows(backwardProjected, image, picked, picked + 1),
                    picked < length - 1 ? work.backwardState() : null,
                    null),
            Columns.of(row(work.oneGate(), image)),
            mixer.scale(),
            null,
            0,
            false,
            row(work.oneScanned(), image)));
  }

  /** Convolution and projection of rows [from, to), which reach to one end of the sequence. */
  private void project(long image, long from, long to, boolean forward) {
    Branch branch = forward ? layer.forward() : layer.backward();
    Tensor u = rows(forward ? work.uForward() : work.uBackward(), image, from, to);
    CausalConv.Direction conv = mixer.conv(branch, u);
    Columns x = Columns.of(rows(work.x(), image, from, to));
    operations.add(CausalConv.of(x, forward ? conv : null, forward ? null : conv));
    Tensor projected = forward ? work.projectedForward() : work.projectedBackward();
    operations.add(mixer.projected(branch, u, rows(projected, image, from, to)));
  }

  /** Rows [from, to) of one image, as a batch of one. */
  private static Tensor rows(Tensor tensor, long image, long from, long to) {
    long width = tensor.shape().size(2);
    return tensor
        .slice(image, 1)
        .reshape(Shape.of(tensor.shape().size(1), width))
        .slice(from, to - from)
        .reshape(Shape.of(1, to - from, width));
  }

  /** One row of a (batch, width) tensor, as a batch of one sequence of one token. */
  private static Tensor row(Tensor tensor, long image) {
    return tensor.slice(image, 1).reshape(Shape.of(1, 1, tensor.shape().size(1)));
  }
}
