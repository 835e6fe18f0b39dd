package io.panamba.tests.kit;

import io.panamba.model.image.ImageSource;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;

/** An image in memory, read by rows; it checks what it is asked for. */
public final class ArrayImage implements ImageSource {
  private final float[] pixels;
  private final int colours;
  private final int height;
  private final int width;

  /**
   * Takes pixels.
   *
   * @param pixels (colours, height, width)
   * @param colours planes
   * @param height rows
   * @param width columns
   */
  public ArrayImage(float[] pixels, int colours, int height, int width) {
    this.pixels = pixels;
    this.colours = colours;
    this.height = height;
    this.width = width;
  }

  @Override
  public int height() {
    return height;
  }

  @Override
  public int width() {
    return width;
  }

  @Override
  public void read(int first, Tensor target) {
    int rows = Math.toIntExact(target.shape().size(1));
    if (!target.shape().equals(Shape.of(colours, rows, width)) || first + rows > height) {
      throw new AssertionError("rows %d of %s are asked for".formatted(first, target));
    }
    float[] values = new float[colours * rows * width];
    for (int colour = 0; colour < colours; colour++) {
      System.arraycopy(
          pixels, (colour * height + first) * width, values, colour * rows * width, rows * width);
    }
    target.copyFrom(values);
  }

  @Override
  public void close() {}
}
