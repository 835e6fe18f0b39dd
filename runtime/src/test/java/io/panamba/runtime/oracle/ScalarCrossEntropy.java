package io.panamba.runtime.oracle;

import io.panamba.runtime.operation.CrossEntropy;
import java.lang.foreign.ValueLayout;

/**
 * The losses of a batch, and the gradient of its logits.
 *
 * @param losses (batch)
 * @param gradient (batch, classes)
 */
public record ScalarCrossEntropy(Values losses, Values gradient) {
  /**
   * The results for labels that are classes.
   *
   * @param operation which
   * @return the expected ones
   */
  public static ScalarCrossEntropy of(CrossEntropy operation) {
    float[] logits = Floats.of(operation.logits());
    int batch = Math.toIntExact(operation.logits().shape().size(0));
    int classes = logits.length / batch;
    double smoothing = operation.smoothing();
    Values losses = new Values(batch);
    Values gradient = new Values(logits.length);
    for (int row = 0; row < batch; row++) {
      int label = operation.labels().segment().get(ValueLayout.JAVA_INT_UNALIGNED, 4L * row);
      double largest = Double.NEGATIVE_INFINITY;
      for (int i = 0; i < classes; i++) {
        largest = Math.max(largest, logits[row * classes + i]);
      }
      double sum = 0;
      for (int i = 0; i < classes; i++) {
        sum += Math.exp(logits[row * classes + i] - largest);
      }
      losses.add(row, 0, 1);
      for (int i = 0; i < classes; i++) {
        double target = (i == label ? 1 - smoothing : 0) + smoothing / classes;
        double shifted = logits[row * classes + i] - largest;
        double probability = Math.exp(shifted) / sum;
        losses.add(row, target * (Math.log(sum) - shifted));
        gradient.set(
            row * classes + i,
            operation.gradientScale() * (probability - target),
            operation.gradientScale() * (probability + target));
      }
    }
    return new ScalarCrossEntropy(losses, gradient);
  }
}
