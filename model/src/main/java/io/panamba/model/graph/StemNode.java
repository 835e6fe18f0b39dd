package io.panamba.model.graph;

import io.panamba.model.weights.Weight;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Kernel;
import io.panamba.runtime.operation.PatchEmbedding.ClassIndex;
import io.panamba.runtime.operation.Patches;
import io.panamba.runtime.operation.PatchesGradient;
import io.panamba.runtime.operation.PlanarConv2d;
import io.panamba.runtime.operation.Product;
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
    long width = weight.elements() / out.width();
    Place windows = to.scratch(out.shape().size(0), out.shape().size(1), width);
    Place image = to.read(pixels);
    to.add(
        () ->
            new Patches(
                image.tensor(),
                ClassIndex.NONE,
                kernel.height(),
                kernel.stride(),
                kernel.padding(),
                windows.tensor()));
    Gradients.WeightTarget target = to.into(weight);
    to.use(outGradient);
    to.use(windows);
    to.add(
        () ->
            Product.ofWeight(
                outGradient.columns(),
                windows.columns(),
                target.accumulate(),
                TrainedParameters.matrix(weight, target.gradient())));
    if (to.wants(pixels)) {
      imageGradient(to, outGradient, width);
    }
  }

  private void imageGradient(Gradients to, Place outGradient, long width) {
    Place gradients = to.scratch(out.shape().size(0), out.shape().size(1), width);
    to.use(outGradient);
    to.add(
        () ->
            Product.ofInput(
                outGradient.columns(),
                TrainedParameters.matrix(weight, to.weights().tensor(weight)),
                0,
                Columns.of(gradients.tensor())));
    Gradients.Target target = to.whole(pixels);
    to.use(gradients);
    to.add(
        () ->
            new PatchesGradient(
                gradients.tensor(),
                ClassIndex.NONE,
                kernel.height(),
                kernel.stride(),
                kernel.padding(),
                target.place().tensor()));
    to.finish(target);
  }

  /** Where the results are. */
  static Grid places(Value pixels, Kernel kernel) {
    return kernel.over(new Grid(pixels.shape().size(2), pixels.shape().size(3)));
  }
}
