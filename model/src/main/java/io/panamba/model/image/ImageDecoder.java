package io.panamba.model.image;

import io.panamba.model.files.FileState;
import io.panamba.model.files.PathText;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Objects;

/**
 * Reads pictures: JPEG, PNG and BMP through ImageIO, TIFF with TwelveMonkeys' plugin for it, GIF
 * and WebP. Immutable, and usable from many threads at once.
 *
 * <p>The pixels are those of Pillow's {@code Image.open(file).convert("RGB")}, which the published
 * models are trained and evaluated with:
 *
 * <ul>
 *   <li>colour profiles and gamma are not applied, and alpha is dropped, not blended;
 *   <li>the orientation that a camera wrote is applied to TIFF alone, unless the decoder is asked
 *       for {@linkplain #upright() upright} pictures;
 *   <li>CMYK becomes RGB by {@code (255 - ink) * (255 - black) / 255}, a JPEG's inks being inverted
 *       as Adobe writes them;
 *   <li>of 16-bit colour and of 16-bit grey with alpha the upper byte is taken; other grey of more
 *       than 8 bits is cut to 0..255, so that everything above 255 is white;
 *   <li>of animations the first frame is read, of several pages the first.
 * </ul>
 *
 * <p>One kind differs from Pillow's: 16-bit grey TIFF whose zero is white is inverted, as it asks
 * for. Arithmetic-coded and lossless JPEG, and colour samples of more than 16 bits, are refused.
 *
 * <p>Data that is damaged or cut short is an error, also where libjpeg would warn and make pixels
 * up; what comes after the pixels is not looked at. Pictures inside of pictures obey the sizes of
 * the outer one: JPEG and PNG in BMP are refused, and a JPEG tile of a TIFF file has the tile's
 * size.
 */
public final class ImageDecoder {
  /** 16 bits each of four channels, uncompressed. */
  private static final int BYTES_PER_PIXEL = 8;

  private static final int OVERHEAD = 1 << 24;

  private final ImageLimits limits;
  private final boolean upright;

  /** Creates a decoder with the {@linkplain ImageLimits#DEFAULT default} limits. */
  public ImageDecoder() {
    this(ImageLimits.DEFAULT);
  }

  /**
   * Creates a decoder.
   *
   * @param limits what decoding a picture may take; the bytes of the file may be 8 for each pixel
   *     that is allowed, and 16 MiB
   */
  public ImageDecoder(ImageLimits limits) {
    this(limits, false);
  }

  private ImageDecoder(ImageLimits limits, boolean upright) {
    this.limits = Objects.requireNonNull(limits, "limits");
    this.upright = upright;
  }

  /**
   * Returns a decoder that turns JPEG, PNG and WebP too as a camera wrote (EXIF), so that pictures
   * are as viewers show them, and as OpenCV reads them. An orientation that can't be read means
   * nothing.
   *
   * @return a decoder with the same limits
   */
  public ImageDecoder upright() {
    return new ImageDecoder(limits, true);
  }

  /**
   * Reads a file. An interrupt doesn't end it: the thread stays interrupted, and the picture is
   * read. What bounds the time is the {@linkplain ImageLimits limit}.
   *
   * @param file a picture in a regular file, or a link to one; of a pipe, as standard input, the
   *     {@linkplain #decode(InputStream, String) stream} is read
   * @return its pixels
   * @throws ImageException if the file can't be read or is no picture of the formats above, is
   *     damaged, cut short, too large, or of an unsupported kind
   */
  public RgbImage decode(Path file) {
    String name = PathText.printable(file);
    return decode(read(file, name), name);
  }

  /**
   * Reads a file whose samples are indices: PNG with a palette, or of one channel of grey.
   *
   * @param file a picture in a regular file, or a link to one
   * @return its samples, not its colours; they are not turned as a camera wrote
   * @throws ImageException as {@link #decode(Path)}, or if it is a picture of another kind
   */
  public IndexImage decodeIndices(Path file) {
    String name = PathText.printable(file);
    byte[] data = read(file, name);
    if (ImageFormat.of(data) != ImageFormat.PNG) {
      throw new ImageException(name + ": a mask is a PNG file, and this is none");
    }
    return guarded(
        ImageFormat.PNG,
        name,
        () -> new FormatReader(ImageFormat.PNG, new Budget(limits)).indices(data));
  }

  private byte[] read(Path file, String name) {
    try {
      FileState.requireRegular(
          file, "a picture", reason -> new ImageException(name + ": " + reason));
      try (InputStream stream = Files.newInputStream(file)) {
        FileState opened = FileState.of(file);
        byte[] data = readAll(stream, name);
        if (opened.isChanged(data.length)) {
          throw new ImageException(name + ": " + FileState.CHANGED);
        }
        return data;
      }
    } catch (NoSuchFileException e) {
      throw new ImageException(name + ": there is no such file", e);
    } catch (IOException e) {
      throw new ImageException(name + ": the file can't be read: " + e, e);
    }
  }

  /**
   * Reads a stream to its end. A stream that an interrupt ends, as one of a pipe or a channel, is
   * an {@link ImageException}, and the thread stays interrupted; others are read on.
   *
   * @param stream a picture; not closed
   * @param name what to call the picture in errors
   * @return its pixels
   * @throws ImageException as {@link #decode(Path)}
   */
  public RgbImage decode(InputStream stream, String name) {
    byte[] data;
    try {
      data = readAll(stream, name);
    } catch (SocketTimeoutException e) {
      throw unreadable(name, e);
    } catch (InterruptedIOException e) {
      // Whoever throws it has cleared the flag.
      Thread.currentThread().interrupt();
      throw new ImageException(name + ": reading was interrupted", e);
    } catch (ClosedByInterruptException e) {
      throw new ImageException(name + ": reading was interrupted", e);
    } catch (IOException e) {
      throw unreadable(name, e);
    }
    return decode(data, name);
  }

  /**
   * Reads a picture that is in memory.
   *
   * @param data the content of an image file; not changed
   * @param name what to call the picture in errors
   * @return its pixels
   * @throws ImageException as {@link #decode(Path)}
   */
  public RgbImage decode(byte[] data, String name) {
    ImageFormat format = ImageFormat.of(data);
    if (format == null) {
      String other = OtherFormats.name(data);
      throw new ImageException(
          name
              + (other == null ? ": this is no picture" : ": this is " + other)
              + "; JPEG, PNG, GIF, BMP, TIFF and WebP are read");
    }
    return guarded(
        format,
        name,
        () -> {
          FormatReader reader = new FormatReader(format, new Budget(limits));
          return upright ? reader.readUpright(data) : reader.read(data);
        });
  }

  /** Reads what may be damaged in any way. */
  private interface Reading<T> {
    T read() throws IOException;
  }

  private static <T> T guarded(ImageFormat format, String name, Reading<T> reading) {
    try {
      return reading.read();
    } catch (ImageException e) {
      throw new ImageException(name + ": " + e.getMessage(), e);
    } catch (IOException | RuntimeException | OutOfMemoryError | StackOverflowError e) {
      // ImageIO's readers answer damaged files with exceptions of every kind.
      throw new ImageException(name + ": " + explain(format, e), e);
    }
  }

  private static String explain(ImageFormat format, Throwable error) {
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof OutOfMemoryError) {
        // The heap is large enough for the picture, but others have their share of it.
        return "the picture is too large for this heap; allow fewer pixels or give more memory";
      }
    }
    String reason =
        error.getMessage() == null ? error.getClass().getSimpleName() : error.getMessage();
    return "the %s file is damaged or of an unsupported kind: %s".formatted(format, reason);
  }

  private static ImageException unreadable(String name, IOException e) {
    return new ImageException(name + ": the picture can't be read: " + e, e);
  }

  private byte[] readAll(InputStream stream, String name) throws IOException {
    long maxPixels = limits.pixels();
    long most =
        maxPixels > (Integer.MAX_VALUE - OVERHEAD) / BYTES_PER_PIXEL
            ? Integer.MAX_VALUE - 8
            : maxPixels * BYTES_PER_PIXEL + OVERHEAD;
    try {
      byte[] data = stream.readNBytes((int) most);
      if (data.length == most && stream.read() >= 0) {
        throw new ImageException(
            name + ": the file is larger than any picture of %d pixels".formatted(maxPixels));
      }
      return data;
    } catch (OutOfMemoryError e) {
      throw new ImageException(name + ": the file is too large for this heap", e);
    }
  }
}
