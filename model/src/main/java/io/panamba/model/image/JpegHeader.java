package io.panamba.model.image;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;

/**
 * What the segments of a JPEG file say about its colours. libjpeg's rules decide (libjpeg, {@code
 * default_decompress_parms}), as Pillow uses them; the reader of the JDK has others, so it is asked
 * for unconverted samples.
 *
 * @param colours what the channels mean
 * @param width pixels in a row
 * @param height rows
 * @param verticalChroma whether the second and third channel have half the rows and all columns
 * @param scans how many scans there are
 * @param buffered whether libjpeg keeps the coefficients of the whole picture
 * @param codestream the file without the segments that say nothing about the samples
 */
@SuppressWarnings("ArrayRecordComponent")
record JpegHeader(
    Colours colours,
    int width,
    int height,
    boolean verticalChroma,
    int scans,
    boolean buffered,
    byte[] codestream) {
  /** What the channels mean. */
  enum Colours {
    GREY,
    RGB,
    YCBCR,
    CMYK,
    YCCK
  }

  private static final int SOF0 = 0xC0;
  private static final int SOF2 = 0xC2;
  private static final int SOF15 = 0xCF;
  private static final int DHT = 0xC4;
  private static final int JPG = 0xC8;
  private static final int DAC = 0xCC;
  private static final int RST0 = 0xD0;
  private static final int RST7 = 0xD7;
  private static final int SOI = 0xD8;
  private static final int EOI = 0xD9;
  private static final int SOS = 0xDA;
  private static final int APP0 = 0xE0;
  private static final int APP14 = 0xEE;
  private static final int APP15 = 0xEF;
  private static final int COM = 0xFE;
  private static final int TEM = 0x01;

  int channels() {
    return switch (colours) {
      case GREY -> 1;
      case RGB, YCBCR -> 3;
      case CMYK, YCCK -> 4;
    };
  }

  /** Returns the header of the same samples with another meaning. */
  JpegHeader withColours(Colours other) {
    return new JpegHeader(other, width, height, verticalChroma, scans, buffered, codestream);
  }

  /** Reads the segments up to the end of the picture. */
  static JpegHeader read(byte[] file) throws IOException {
    Scanner scanner = new Scanner(file);
    scanner.segments();
    scanner.scans();
    return scanner.header();
  }

  private static final class Scanner {
    private final byte[] file;
    private final ByteArrayOutputStream kept;
    private int at = 2;
    private int frame = -1;
    private boolean progressive;
    private int scans;
    private boolean partialScan;
    private boolean jfif;
    private int adobe = -1;

    Scanner(byte[] file) {
      this.file = file;
      this.kept = new ByteArrayOutputStream(file.length);
      kept.write(0xFF);
      kept.write(SOI);
    }

    /** Walks the segments before the first scan. */
    void segments() throws IOException {
      while (true) {
        int marker = marker();
        if (marker == SOS) {
          at -= 2;
          break;
        }
        if (marker == EOI) {
          throw new IOException("the file ends before its first scan");
        }
        if (marker == SOI || marker == TEM || isRestart(marker)) {
          continue;
        }
        int start = at;
        int length = unsignedShort(at);
        require(at, length);
        if (length < 2) {
          throw new IOException("a segment is shorter than its own length");
        }
        segment(marker, at + 2, length - 2);
        at += length;
        if (!(marker >= APP0 && marker <= APP15) && marker != COM) {
          kept.write(0xFF);
          kept.write(marker);
          kept.write(file, start, length);
        }
      }
      if (frame < 0) {
        throw new IOException("there is no frame header before the first scan");
      }
    }

    private void segment(int marker, int start, int length) throws IOException {
      if (marker == APP0) {
        jfif |= length >= 14 && isText(start, "JFIF\0");
      } else if (marker == APP14) {
        if (length >= 12 && isText(start, "Adobe")) {
          adobe = file[start + 11] & 255;
        }
      } else if (isFrame(marker)) {
        if (frame >= 0) {
          throw new IOException("there are two frame headers");
        }
        progressive = marker == SOF2;
        if (length < 6 || length < 6 + 3 * (file[start + 5] & 255)) {
          throw new IOException("the frame header is too short");
        }
        frame = start;
      }
    }

    /** Finds the end of the last scan: without it the file is cut short. */
    void scans() throws IOException {
      int first = at;
      int marker = marker();
      while (marker != EOI) {
        if (isFrame(marker)) {
          throw new IOException("there are two frame headers");
        }
        if (marker != TEM && !isRestart(marker)) {
          int length = unsignedShort(at);
          require(at, length);
          if (marker == SOS) {
            require(at, 3);
            scans++;
            partialScan |= file[at + 2] != file[frame + 5];
          }
          at += length;
        }
        marker = marker();
      }
      kept.write(file, first, at - first);
    }

    JpegHeader header() throws IOException {
      int channels = file[frame + 5] & 255;
      Colours colours =
          switch (channels) {
            case 1 -> Colours.GREY;
            case 3 -> threeChannels();
            case 4 -> adobe < 0 || adobe == 0 ? Colours.CMYK : Colours.YCCK;
            default -> throw new IOException("1, 3 or 4 channels are read; it has " + channels);
          };
      boolean vertical =
          channels == 3 && sampling(0) == 0x12 && sampling(1) == 0x11 && sampling(2) == 0x11;
      return new JpegHeader(
          colours,
          unsignedShort(frame + 3),
          unsignedShort(frame + 1),
          vertical,
          scans,
          progressive || partialScan || scans > 1,
          kept.toByteArray());
    }

    private Colours threeChannels() {
      if (jfif) {
        return Colours.YCBCR;
      }
      if (adobe >= 0) {
        return adobe == 0 ? Colours.RGB : Colours.YCBCR;
      }
      return id(0) == 'R' && id(1) == 'G' && id(2) == 'B' ? Colours.RGB : Colours.YCBCR;
    }

    private int id(int channel) {
      return file[frame + 6 + 3 * channel] & 255;
    }

    private int sampling(int channel) {
      return file[frame + 7 + 3 * channel] & 255;
    }

    /** Returns the next marker; bytes that belong to none are skipped, as libjpeg does. */
    private int marker() throws IOException {
      while (true) {
        require(at, 2);
        if (file[at++] == (byte) 0xFF) {
          while (at < file.length && file[at] == (byte) 0xFF) {
            at++;
          }
          require(at, 1);
          int marker = file[at++] & 255;
          if (marker != 0) {
            return marker;
          }
        }
      }
    }

    private boolean isText(int start, String text) {
      for (int i = 0; i < text.length(); i++) {
        if (file[start + i] != text.charAt(i)) {
          return false;
        }
      }
      return true;
    }

    private static boolean isFrame(int marker) {
      return marker >= SOF0 && marker <= SOF15 && marker != DHT && marker != JPG && marker != DAC;
    }

    private static boolean isRestart(int marker) {
      return marker >= RST0 && marker <= RST7;
    }

    private int unsignedShort(int position) throws IOException {
      require(position, 2);
      return (file[position] & 255) << 8 | (file[position + 1] & 255);
    }

    private void require(int position, int count) throws EOFException {
      if (count > file.length - position) {
        throw new EOFException("the file is cut short: its end-of-image marker is missing");
      }
    }
  }
}
