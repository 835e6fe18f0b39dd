package io.panamba.model.graph;

import io.panamba.model.weights.Weight;
import io.panamba.runtime.operation.DepthwiseConv;
import io.panamba.runtime.operation.Gate;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Linear;
import java.util.List;

/**
 * A gate over channels of which the last ones go through a depthwise convolution: {@code out = gate
 * * [plain, conv(convolved)]}. Where nobody else reads the gate, the result takes its memory, and a
 * linear layer that makes the plain channels multiplies them in as it writes them. Training keeps
 * the result: a convolution of 49 taps is not cheap enough to be made twice.
 *
 * @param gate (batch, pixels, width)
 * @param plain the first channels, or null if all are convolved
 * @param convolved the others
 * @param grid of the pixels
 * @param weight (channels, 1, side, side)
 * @param bias (channels)
 * @param out of the gate's shape
 */
record GatedConvNode(
    Value gate, Value plain, Value convolved, Grid grid, Weight weight, Weight bias, Value out)
    implements Node {
  @Override
  public List<Value> inputs() {
    return plain == null ? List.of(gate, convolved) : List.of(gate, plain, convolved);
  }

  @Override
  public List<Value> outputs() {
    return List.of(out);
  }

  @Override
  public ValueType takes(Value input, Liveness in) {
    return ValueType.PRECISION;
  }

  @Override
  public ValueType gives() {
    return ValueType.PRECISION;
  }

  @Override
  public List<Value> needed() {
    return inputs();
  }

  private long first() {
    return gate.width() - convolved.width();
  }

  @Override
  public void lower(Lowering to) {
    Place gates = to.read(gate);
    Place result = to.makeOver(out, gate, this);
    if (plain != null && !to.isMultiplied(plain)) {
      Place channels = to.read(plain);
      to.add(
          () ->
              new Gate(
                  gates.columns(0, first()).columns(),
                  channels.columns(),
                  result.columns(0, first()).columns()));
      to.use(gates);
      to.use(result);
    }
    Place channels = to.read(convolved);
    to.add(
        () ->
            new DepthwiseConv(
                channels.columns(),
                grid,
                to.weights().tensor(weight),
                to.weights().tensor(bias),
                gates.columns(first(), convolved.width()).columns(),
                Linear.Activation.NONE,
                false,
                result.columns(first(), convolved.width()).columns()));
  }

  @Override
  public void differentiate(Gradients to) {
    Place outGradient = to.of(out);
    gateGradient(to, outGradient);
    if (plain != null) {
      Gradients.Target target = to.whole(plain);
      multiply(
          to, outGradient.columns(0, first()), to.read(gate).columns(0, first()), target.place());
      to.finish(target);
    }
    long width = convolved.width();
    Place convGradient = to.scratch(gate.shape().size(0), grid.pixels(), width);
    multiply(
        to,
        outGradient.columns(first(), width),
        to.read(gate).columns(first(), width),
        convGradient);
    DepthwiseNode.differentiate(to, convolved, grid, weight, bias, convGradient);
  }

  private static void multiply(Gradients to, Place left, Place right, Place product) {
    List.of(left, right, product).forEach(to::use);
    to.add(() -> new Gate(left.columns(), right.columns(), product.columns()));
  }

  private void gateGradient(Gradients to, Place outGradient) {
    Gradients.Target target = to.whole(gate);
    if (plain != null) {
      multiply(
          to, outGradient.columns(0, first()), to.read(plain), target.place().columns(0, first()));
    }
    Place channels = to.read(convolved);
    to.use(outGradient);
    to.use(target.place());
    long width = convolved.width();
    to.add(
        () ->
            new DepthwiseConv(
                channels.columns(),
                grid,
                to.weights().tensor(weight),
                to.weights().tensor(bias),
                outGradient.columns(first(), width).columns(),
                Linear.Activation.NONE,
                false,
                target.place().columns(first(), width).columns()));
    to.finish(target);
  }
}
