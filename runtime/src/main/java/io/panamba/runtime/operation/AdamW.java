package io.panamba.runtime.operation;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * One step of AdamW with decoupled weight decay (arXiv 1711.05101, algorithm 2), and of an
 * exponential moving average of the parameters. With g = factor * gradient, of step t from 1,
 *
 * <pre>
 * p = p - learningRate weightDecay p
 * m = beta1 m + (1 - beta1) g,   v = beta2 v + (1 - beta2) g^2
 * p = p - learningRate m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps)
 * average = averageDecay average + (1 - averageDecay) p
 * </pre>
 *
 * @param parameters of any shape
 * @param gradient of as many elements, as are the moments
 * @param firstMoment m
 * @param secondMoment v
 * @param average of as many elements, or null if it is not wanted
 * @param rates (4): learningRate, 1 - beta1^t, sqrt(1 - beta2^t) and averageDecay, set anew before
 *     each run
 * @param clip the result of a {@link Clip}, whose factor multiplies the gradient; or null for 1
 * @param settings what stays the same
 */
public record AdamW(
    Tensor parameters,
    Tensor gradient,
    Tensor firstMoment,
    Tensor secondMoment,
    Tensor average,
    Tensor rates,
    Tensor clip,
    Settings settings)
    implements TrainingOperation {
  private static final String NAME = "adamw";

  /**
   * What stays the same from step to step.
   *
   * @param beta1 0 to 1
   * @param beta2 0 to 1
   * @param eps added to the root of the second moment
   * @param weightDecay 0 for parameters that are left out of it
   */
  public record Settings(float beta1, float beta2, float eps, float weightDecay) {}

  /** Checks sizes. */
  public AdamW {
    Checks.float32(NAME, "parameters", parameters);
    Checks.present(NAME, "settings", settings);
    long elements = parameters.shape().elements();
    Checks.require(elements > 0, NAME, "no parameters: %s", parameters);
    Checks.writable(NAME, "parameters", parameters);
    size("gradient", gradient, elements);
    size("firstMoment", firstMoment, elements);
    size("secondMoment", secondMoment, elements);
    if (average != null) {
      size("average", average, elements);
      Checks.writable(NAME, "average", average);
    }
    Checks.writable(NAME, "firstMoment", firstMoment);
    Checks.writable(NAME, "secondMoment", secondMoment);
    Checks.shape(NAME, "rates", rates, 4);
    Checks.optional(NAME, "clip", clip, 2);
    Checks.require(
        settings.beta1() >= 0
            && settings.beta1() <= 1
            && settings.beta2() >= 0
            && settings.beta2() <= 1
            && settings.eps() >= 0
            && settings.weightDecay() >= 0,
        NAME,
        "%s are out of range: betas from 0 to 1, the others not negative",
        settings);
  }

  private static void size(String name, Tensor tensor, long elements) {
    Checks.float32(NAME, name, tensor);
    Checks.require(
        tensor.shape().elements() == elements,
        NAME,
        "%s is %s; expected %d elements",
        name,
        tensor,
        elements);
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(parameters, gradient, firstMoment, secondMoment, average, rates, clip);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(parameters, firstMoment, secondMoment, average);
  }
}
