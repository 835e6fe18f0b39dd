package io.panamba.runtime.oracle;

import io.panamba.runtime.operation.Scale;
import io.panamba.runtime.operation.ScaleGradient;

/** Scales by channel and by image, and their gradients. */
public final class ScalarScale {
  private ScalarScale() {}

  /**
   * Scaled rows.
   *
   * @param operation whose factors count
   * @param x what the rows were
   * @return (batch, length, channels)
   */
  public static Values out(Scale operation, float[] x) {
    float[] channel = Floats.of(operation.channel());
    float[] image = Floats.of(operation.image());
    int channels = Math.toIntExact(operation.x().count());
    int length = Math.toIntExact(operation.x().tensor().shape().size(1));
    Values out = new Values(x.length);
    for (int i = 0; i < x.length; i++) {
      double ofChannel = channel == null ? 1 : channel[i % channels];
      double ofImage = image == null ? 1 : image[i / channels / length];
      out.add(i, ofChannel * ofImage * x[i]);
    }
    return out;
  }

  /**
   * The gradients of a scale.
   *
   * @param x the rows'
   * @param parts the parts of the channels'
   */
  public record Gradients(Values x, Values parts) {}

  /**
   * The gradients of a scale.
   *
   * @param operation which
   * @param outGradient what it was
   * @return the expected ones
   */
  public static Gradients gradients(ScaleGradient operation, float[] outGradient) {
    float[] x = Floats.of(operation.x());
    float[] channel = Floats.of(operation.channel());
    float[] image = Floats.of(operation.image());
    int channels = Math.toIntExact(operation.outGradient().count());
    int length = Math.toIntExact(operation.outGradient().tensor().shape().size(1));
    int rows = outGradient.length / channels;
    Values passed = new Values(outGradient.length);
    Values parts = new Values(Math.toIntExact(ScaleGradient.parts(rows)) * channels);
    for (int i = 0; i < outGradient.length; i++) {
      int row = i / channels;
      double gradient = outGradient[i];
      if (image != null) {
        gradient *= image[row / length];
      }
      passed.add(i, channel == null ? gradient : gradient * channel[i % channels]);
      if (x != null) {
        parts.add(row / ScaleGradient.PART_ROWS * channels + i % channels, gradient * x[i]);
      }
    }
    return new Gradients(passed, parts);
  }
}
