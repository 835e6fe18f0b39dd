package io.panamba.cli;

import io.panamba.model.image.ImageSource;
import io.panamba.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * An image that is computed rather than read: waves with noise, the same at every run. For
 * measurements of images that would not fit a disk.
 *
 * @param height pixels
 * @param width pixels
 */
record GeneratedImage(int height, int width) implements ImageSource {
  private static final float PERIOD = 97;
  private static final float NOISE = 0x1p-8f;

  @Override
  public void read(int first, Tensor target) {
    int colours = Math.toIntExact(target.shape().size(0));
    int rows = Math.toIntExact(target.shape().size(1));
    float[] line = new float[width];
    for (int colour = 0; colour < colours; colour++) {
      for (int row = 0; row < rows; row++) {
        fill(line, first + row, colour);
        MemorySegment.copy(
            line,
            0,
            target.segment(),
            ValueLayout.JAVA_FLOAT,
            ((long) colour * rows + row) * width * Float.BYTES,
            width);
      }
    }
  }

  private static void fill(float[] line, int y, int colour) {
    float wave = (float) Math.sin(y / PERIOD + colour);
    int seed = y * 0x9E3779B9 + colour * 0x85EBCA6B;
    for (int x = 0; x < line.length; x++) {
      int noise = (seed + x) * 0xC2B2AE35;
      noise ^= noise >>> 15;
      int byChance = (noise * 0x27D4EB2F) >>> 23;
      line[x] = wave + (byChance - 256) * NOISE;
    }
  }

  @Override
  public void close() {}
}
