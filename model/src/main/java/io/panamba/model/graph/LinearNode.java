package io.panamba.model.graph;

import io.panamba.model.weights.Affine;
import io.panamba.model.weights.Form;
import io.panamba.model.weights.Weight;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.GatedLinear;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Product;
import io.panamba.runtime.operation.Sum;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * A linear layer. Of a weight that is packed in parts each part is a layer of its own. An
 * activation or a residual sum that is the only reader of the result becomes a part of the layer.
 */
record LinearNode(Value x, Weight weight, Weight bias, Value out) implements Node {
  @Override
  public List<Value> inputs() {
    return List.of(x);
  }

  @Override
  public List<Value> outputs() {
    return List.of(out);
  }

  @Override
  public ValueType takes(Value input, Liveness in) {
    return isExact() ? ValueType.FLOAT32 : ValueType.PRECISION;
  }

  private boolean isExact() {
    return weight.form() instanceof Form.Matrix matrix && matrix.exact();
  }

  /** The input in the type of the weight. */
  private Place input(Lowering to) {
    return isExact() ? to.read(x) : to.readInPrecision(x);
  }

  @Override
  public List<Value> needed() {
    return List.of(x);
  }

  @Override
  public boolean isRowWise() {
    return true;
  }

  @Override
  public Value ofRows(Graph graph, List<Value> rows) {
    return graph.linear(rows.getFirst(), new Affine(weight, bias));
  }

  @Override
  public void lower(Lowering to) {
    List<PackedMatrix> parts = to.weights().matrices(weight);
    if (parts.size() == 1) {
      write(to, parts.getFirst(), to.weights().tensor(bias), out);
      return;
    }
    List<Value> halves = apart(to, parts);
    if (halves != null && to.joins() && halves.stream().allMatch(half -> isPlain(to, half))) {
      halves = null;
    }
    Place whole = halves == null ? to.make(out) : null;
    long first = 0;
    for (int i = 0; i < parts.size(); i++) {
      long start = first;
      long width = parts.get(i).columns();
      Tensor biases = bias == null ? null : to.weights().tensor(bias).slice(first, width);
      if (whole != null) {
        PackedMatrix part = parts.get(i);
        Place input = input(to);
        to.use(whole);
        to.add(
            () ->
                new Linear(
                    input.columns(),
                    part,
                    biases,
                    0,
                    Linear.Activation.NONE,
                    whole.columns(start, width).columns()));
      } else if (halves.get(i) != null) {
        write(to, parts.get(i), biases, halves.get(i));
      }
      first += width;
    }
  }

  /** The values that read the parts, each its own; or null if the result is read in another way. */
  private List<Value> apart(Lowering to, List<PackedMatrix> parts) {
    List<Value> values = new ArrayList<>(Collections.nCopies(parts.size(), null));
    for (Node reader : to.liveness().readers(out)) {
      int part = reader instanceof ColumnsNode columns ? part(columns, parts) : -1;
      if (part < 0 || values.set(part, reader.outputs().getFirst()) != null) {
        return null;
      }
    }
    return to.liveness().isOutput(out) ? null : values;
  }

  /** Whether nothing is done to a part when it is written. */
  private boolean isPlain(Lowering to, Value part) {
    return part != null
        && to.epilogue(part).value() == part
        && to.liveness().accumulator(part, this) == null
        && to.liveness().multiplier(part) == null;
  }

  /** The part that columns are, or -1. */
  private static int part(ColumnsNode columns, List<PackedMatrix> parts) {
    long first = 0;
    for (int i = 0; i < parts.size(); i++) {
      if (columns.first() == first && columns.out().width() == parts.get(i).columns()) {
        return i;
      }
      first += parts.get(i).columns();
    }
    return -1;
  }

  private void write(Lowering to, PackedMatrix matrix, Tensor biases, Value result) {
    Place input = input(to);
    Place gate = to.multiplier(result);
    if (gate != null) {
      to.add(() -> new GatedLinear(input.columns(), matrix, biases, gate.columns()));
      return;
    }
    Epilogue epilogue = to.epilogue(result);
    AddNode sum =
        epilogue.activation() == Linear.Activation.NONE
            ? to.accumulator(epilogue.value(), this)
            : null;
    Place place =
        sum == null ? to.makeOf(input, epilogue.value()) : to.continued(sum.a(), sum.out());
    if (epilogue.value() != result) {
      to.put(result, place);
    }
    to.add(
        () ->
            new Linear(
                input.columns(),
                matrix,
                biases,
                sum == null ? 0 : sum.scale(),
                epilogue.activation(),
                place.columns()));
  }

  @Override
  public void differentiate(Gradients to) {
    Place outGradient = to.of(out);
    to.whenThere(
        x,
        outGradient,
        () -> {
          Place input = to.read(x);
          Gradients.WeightTarget target = to.into(weight);
          to.use(outGradient);
          to.add(
              () ->
                  Product.ofWeight(
                      outGradient.columns(),
                      input.columns(),
                      target.accumulate(),
                      TrainedParameters.matrix(weight, target.gradient())));
        });
    if (bias != null) {
      Gradients.WeightTarget target = to.into(bias);
      to.use(outGradient);
      to.add(() -> Sum.ofRows(outGradient.columns(), target.accumulate(), target.gradient()));
    }
    if (to.wants(x)) {
      Gradients.Target target = to.into(x);
      to.use(outGradient);
      to.add(
          () ->
              Product.ofInput(
                  outGradient.columns(),
                  TrainedParameters.matrix(weight, to.weights().tensor(weight)),
                  target.accumulate(),
                  target.place().columns()));
    }
  }
}
