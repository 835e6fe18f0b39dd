package io.panamba.model.graph;

import io.panamba.model.weights.Weight;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Conv2d;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Kernel;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Resize;
import java.util.List;

/**
 * A convolution of 3 x 3 taps of a map and of smaller ones that are resized to its size, side by
 * side. A product of every pixel commutes with a resize: the taps of a smaller map are multiplied
 * at its own size, and only then resized, moved and added. It is run, not trained.
 */
record PyramidConvNode(
    List<Value> maps, List<Grid> grids, Weight weight, Weight bias, boolean corners, Value out)
    implements Node {
  private static final Kernel KERNEL = Kernel.square(3, 1, 1);

  @Override
  public List<Value> inputs() {
    return maps;
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
    return ValueType.FLOAT32;
  }

  @Override
  public void lower(Lowering to) {
    List<PackedMatrix> matrices = to.weights().matrices(weight);
    Epilogue epilogue = to.epilogue(out);
    Place first = to.readInPrecision(maps.getFirst());
    Place sum = to.make(epilogue.value());
    boolean alone = maps.size() == 1;
    to.add(
        () ->
            Conv2d.of(
                first.tensor(),
                grids.getFirst(),
                matrices.getFirst(),
                to.weights().tensor(bias),
                KERNEL,
                alone ? epilogue.activation() : Linear.Activation.NONE,
                sum.tensor()));
    int pieces = (matrices.size() - 1) / Math.max(1, maps.size() - 1);
    for (int i = 1; i < maps.size(); i++) {
      boolean last = i == maps.size() - 1;
      Place input = to.readInPrecision(maps.get(i));
      for (int piece = 0; piece < pieces; piece++) {
        PackedMatrix taps = matrices.get(1 + (i - 1) * pieces + piece);
        Linear.Activation activation = last ? epilogue.activation() : Linear.Activation.NONE;
        Place columns = sum.columns(piece * taps.columns(), taps.columns());
        to.use(input);
        add(to, i, input, taps, activation, columns);
      }
    }
  }

  /** A piece of the channels, so that the products of all taps take less memory. */
  private void add(
      Lowering to,
      int map,
      Place input,
      PackedMatrix taps,
      Linear.Activation activation,
      Place columns) {
    Value x = maps.get(map);
    long outputs = taps.columns();
    long[] sizes = {x.shape().size(0), x.shape().size(1), taps.count() * outputs};
    Place products = to.scratch(sizes);
    to.addAll(
        operations -> {
          for (int tap = 0; tap < taps.count(); tap++) {
            operations.add(
                new Linear(
                    input.columns(),
                    taps.matrix(tap),
                    null,
                    0,
                    Linear.Activation.NONE,
                    new Columns(products.tensor(), tap * outputs, outputs)));
          }
        });
    to.use(products);
    to.use(columns);
    to.add(
        () ->
            new Resize(
                Columns.of(products.tensor()),
                grids.get(map),
                KERNEL.height(),
                corners,
                1,
                activation,
                grids.getFirst(),
                columns.columns()));
  }

  @Override
  public void differentiate(Gradients to) {
    throw new IllegalStateException("what is trained are the resized maps side by side");
  }
}
