package io.panamba.model.graph;

import io.panamba.model.weights.Weight;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Kernel;
import io.panamba.runtime.operation.PatchEmbedding.ClassIndex;
import io.panamba.runtime.operation.PlanarConv2d;
import io.panamba.runtime.operation.Sum;
import java.util.List;

/** The convolution that reads the image, of a square kernel. */
record StemNode(Value pixels, Weight weight, Weight bias, Kernel kernel, Value out)
    implements Node {
  @Override
  public List<Value> inputs() {
    return List.of(pixels);
  }

  @Override
  public List<Value> outputs() {
    return List.of(out);
  }

  @Override
  public void lower(Lowering to) {
    PackedMatrix matrix = to.weights().matrices(weight).getFirst();
    Place image = to.read(pixels);
    Epilogue epilogue = to.epilogue(out);
    Place result = to.make(epilogue.value());
    to.add(
        () ->
            new PlanarConv2d(
                image.tensor(),
                to.pixelValues(),
                matrix,
                to.weights().tensor(bias),
                kernel,
                epilogue.activation(),
                result.tensor()));
  }

  @Override
  public void differentiate(Gradients to) {
    Place outGradient = to.of(out);
    if (bias != null) {
      Gradients.WeightTarget target = to.into(bias);
      to.use(outGradient);
      to.add(() -> Sum.ofRows(outGradient.columns(), target.accumulate(), target.gradient()));
    }
    new ImageGradients(pixels, weight, ClassIndex.NONE, kernel.stride(), kernel.padding(), out)
        .differentiate(to, outGradient);
  }

  /** Where the results are. */
  static Grid places(Value pixels, Kernel kernel) {
    return kernel.over(new Grid(pixels.shape().size(2), pixels.shape().size(3)));
  }
}
