package io.panamba.model.graph;

import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.RoiAlign;
import java.util.ArrayList;
import java.util.List;

/** What boxes of one image cover, each as a map of one size. It is run, not trained. */
record RoiAlignNode(
    List<Value> maps, List<Grid> grids, List<Float> scales, Value boxes, int side, Value out)
    implements Node {
  @Override
  public List<Value> inputs() {
    List<Value> inputs = new ArrayList<>(maps);
    inputs.add(boxes);
    return inputs;
  }

  @Override
  public List<Value> outputs() {
    return List.of(out);
  }

  @Override
  public ValueType gives() {
    return ValueType.FLOAT32;
  }

  @Override
  public void lower(Lowering to) {
    List<Place> inputs = maps.stream().map(to::read).toList();
    Place rows = to.read(boxes);
    Place result = to.make(out);
    to.add(
        () -> {
          List<RoiAlign.Level> levels = new ArrayList<>();
          for (int i = 0; i < inputs.size(); i++) {
            levels.add(new RoiAlign.Level(inputs.get(i).tensor(), grids.get(i), scales.get(i)));
          }
          return new RoiAlign(levels, rows.tensor(), side, result.tensor());
        });
  }

  @Override
  public void differentiate(Gradients to) {
    throw new IllegalStateException("heads over boxes are run, not trained");
  }
}
