package io.panamba.model.image;

import io.panamba.runtime.Tensor;

/**
 * A picture that is read a few rows at a time, so that it may be larger than memory. Used by one
 * thread at a time.
 */
public interface ImageSource extends AutoCloseable {
  /**
   * Returns the height.
   *
   * @return pixels, at least 1
   */
  int height();

  /**
   * Returns the width.
   *
   * @return pixels, at least 1
   */
  int width();

  /**
   * Reads rows. They are asked for from top to bottom, and again from the top for every run; rows
   * at a border between two requests may be asked for twice.
   *
   * @param first the first row
   * @param target where to write normalised pixels: float32, (colours, rows, width), planes of red,
   *     green and blue
   * @throws ImageException if the rows can't be read
   */
  void read(int first, Tensor target);

  /** Closes what the picture is read from. */
  @Override
  void close();
}
