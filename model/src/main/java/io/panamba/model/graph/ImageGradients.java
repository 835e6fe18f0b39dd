package io.panamba.model.graph;

import io.panamba.model.weights.Weight;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.PatchEmbedding.ClassIndex;
import io.panamba.runtime.operation.Patches;
import io.panamba.runtime.operation.PatchesGradient;
import io.panamba.runtime.operation.Product;

/**
 * The gradients of a convolution that reads the image, whose windows are the rows of a product.
 *
 * @param pixels of the image
 * @param weight (outputs, colours, side, side)
 * @param places of rows that are no windows
 * @param stride pixels between windows
 * @param padding zeros on every side of the image
 * @param out the result, (batch, rows, outputs)
 */
record ImageGradients(
    Value pixels, Weight weight, ClassIndex places, long stride, long padding, Value out) {
  private long side() {
    return weight.shape().size(-1);
  }

  /** A place for all windows. */
  private Place windows(Gradients to) {
    return to.scratch(out.shape().size(0), out.shape().size(1), weight.elements() / out.width());
  }

  /** Leads the gradient of the result to the weight, and to the image if somebody wants it. */
  void differentiate(Gradients to, Place outGradient) {
    Place windows = windows(to);
    Place image = to.read(pixels);
    to.add(() -> new Patches(image.tensor(), places, side(), stride, padding, windows.tensor()));
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
      ofImage(to, outGradient);
    }
  }

  private void ofImage(Gradients to, Place outGradient) {
    Place gradients = windows(to);
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
                gradients.tensor(), places, side(), stride, padding, target.place().tensor()));
    to.finish(target);
  }
}
