package io.panamba.model.image;

import io.panamba.model.files.FileState;
import io.panamba.model.files.PathText;
import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.ShapeException;
import io.panamba.runtime.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * A picture in a file, at its own size, normalised as the published models want it. TIFF files,
 * tiled ones best of all, are decoded a band of rows at a time and may be larger than memory; so
 * are PNG and BMP files, though these are gone through from their start for every 64 MB of pixels.
 * Run-length encoded BMP files and pictures of the other formats are decoded as a whole, and TIFF
 * files with Zstandard are decompressed as a whole. The {@linkplain ImageLimits limits} are those
 * of what is decoded at a time. The pixels are {@link ImageDecoder}'s.
 *
 * <p>Rows are of the file as it was when it was opened: if something writes to it, reading rows
 * that are not in memory is an {@link ImageException}. So it is if the thread is interrupted, which
 * it stays; the file is closed then, and the picture has to be opened again.
 */
public final class LargeImage implements ImageSource {
  private static final int HEAD = 64;
  private static final int BANDS = 2;

  private record Band(int first, RgbImage image) {}

  private final String name;
  private final RowReader reader;
  private final Normalisation normalisation;

  /** The bands that were read last, newest first: requests overlap where a band ends. */
  private final Band[] bands = new Band[BANDS];

  private boolean closed;
  private boolean interrupted;

  private LargeImage(String name, RowReader reader, Normalisation normalisation) {
    this.name = name;
    this.reader = reader;
    this.normalisation = normalisation;
  }

  /**
   * Opens a picture, to be normalised by the mean and deviation of the published models.
   *
   * @param file the picture: a regular file, or a link to one
   * @return its rows, to be closed
   * @throws ImageException if the file can't be read or is no picture, damaged or of an unsupported
   *     kind, or if the thread is interrupted, which it stays
   */
  public static LargeImage open(Path file) {
    return open(file, ImageLimits.DEFAULT);
  }

  /**
   * Opens a picture.
   *
   * @param file the picture
   * @param mean the mean of red, green and blue, of samples in 0..1
   * @param deviation their standard deviation, positive
   * @return its rows, to be closed
   * @throws ImageException as {@link #open(Path)}
   * @throws IllegalArgumentException if an argument is not of three channels, a mean not finite or
   *     a deviation not positive
   */
  public static LargeImage open(Path file, float[] mean, float[] deviation) {
    return open(file, new Normalisation(mean, deviation), ImageLimits.DEFAULT);
  }

  /**
   * Opens a picture.
   *
   * @param file the picture
   * @param limits what decoding may take at a time: a band of rows, or the whole picture where the
   *     format is decoded as a whole
   * @return its rows, to be closed
   * @throws ImageException as {@link #open(Path)}, or if a limit is exceeded
   */
  public static LargeImage open(Path file, ImageLimits limits) {
    return open(file, Normalisation.imagenet(), limits);
  }

  private static LargeImage open(Path file, Normalisation normalisation, ImageLimits limits) {
    String name = PathText.printable(file);
    try {
      byte[] head;
      FileState.requireRegular(
          file, "a picture", reason -> new ImageException(name + ": " + reason));
      try (InputStream stream = Files.newInputStream(file)) {
        head = stream.readNBytes(HEAD);
      }
      ImageFormat format = ImageFormat.of(head);
      RowReader reader =
          format == ImageFormat.TIFF
              ? new TiffRows(file, limits)
              : RegionReader.isSupported(format, head)
                  ? new RegionReader(file, format, limits)
                  : new RowReader.Decoded(new ImageDecoder(limits).decode(file));
      return new LargeImage(name, reader, normalisation);
    } catch (NoSuchFileException e) {
      throw new ImageException(name + ": there is no such file", e);
    } catch (ImageException e) {
      throw e.getMessage().startsWith(name)
          ? e
          : new ImageException(name + ": " + e.getMessage(), e);
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      if (Thread.currentThread().isInterrupted()) {
        throw new ImageException(name + ": reading was interrupted", e);
      }
      // ImageIO's readers answer damaged files with exceptions of every kind.
      throw new ImageException(name + ": the picture can't be read: " + e, e);
    }
  }

  @Override
  public int height() {
    return reader.height();
  }

  @Override
  public int width() {
    return reader.width();
  }

  /**
   * {@inheritDoc}
   *
   * @throws ShapeException if the target has another shape or type
   * @throws ImageException if the rows can't be read, the file has changed, or the thread is or was
   *     interrupted
   */
  @Override
  public void read(int first, Tensor target) {
    Shape shape = target.shape();
    if (target.dtype() != DType.F32
        || shape.rank() != 3
        || shape.size(0) != Normalisation.CHANNELS
        || shape.size(2) != width()
        || first < 0
        || shape.size(1) > height() - first) {
      throw new ShapeException(
          "rows from %d of a picture of %d x %d are F32(3, rows, %d), not %s"
              .formatted(first, width(), height(), width(), target));
    }
    int end = first + (int) shape.size(1);
    for (int row = first; row < end; ) {
      Band band = band(row);
      int count = Math.min(end, band.first + band.image.height()) - row;
      normalisation.write(band.image, row - band.first, count, target, row - first);
      row += count;
    }
  }

  private Band band(int row) {
    int size = reader.band();
    int start = row / size * size;
    for (Band band : bands) {
      if (band != null && band.first == start) {
        return band;
      }
    }
    int count = Math.min(size, height() - start);
    if (interrupted || Thread.currentThread().isInterrupted()) {
      throw interruption(null);
    }
    Band band;
    try {
      band = new Band(start, reader.read(start, count));
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      if (Thread.currentThread().isInterrupted()) {
        throw interruption(e);
      }
      throw new ImageException(
          "%s: rows %d to %d can't be read: %s".formatted(name, start, start + count - 1, e), e);
    }
    System.arraycopy(bands, 0, bands, 1, BANDS - 1);
    bands[0] = band;
    return band;
  }

  /** Closes the file, as an interrupt while bytes are fetched of it does. */
  private ImageException interruption(Throwable cause) {
    interrupted = true;
    ImageException interruption =
        new ImageException(name + ": reading was interrupted; open the picture again", cause);
    try {
      close();
    } catch (ImageException e) {
      interruption.addSuppressed(e);
    }
    return interruption;
  }

  /** Closes the file. A second close does nothing. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      reader.close();
    } catch (IOException e) {
      throw new ImageException(name + ": the file can't be closed: " + e, e);
    }
  }
}
