package io.panamba.model.image;

import io.panamba.model.image.zstd.Zstandard;
import java.util.Set;

/** The methods by which TIFF files are compressed. */
final class TiffCompression {
  /**
   * None, the three of CCITT, LZW, both of JPEG, Deflate by its two numbers and by PixTIFF's,
   * PackBits, and Zstandard.
   */
  private static final Set<Integer> READ =
      Set.of(1, 2, 3, 4, 5, 6, 7, 8, 32_773, 32_946, 50_000, 50_013);

  private TiffCompression() {}

  static void require(int method) {
    if (!READ.contains(method)) {
      throw new ImageException(
          "the TIFF file is compressed by %s (%d), which is not read; PackBits, LZW, Deflate,"
                  .formatted(name(method), method)
              + " Zstandard, JPEG and CCITT fax are");
    }
  }

  /** Tells the three methods of CCITT. */
  static boolean isFax(int method) {
    return method >= 2 && method <= 4;
  }

  /**
   * Returns how many bytes one byte stands for at most.
   *
   * <ul>
   *   <li>LZW: a code of 12 bits for the string of the last entry of 4096, which has 3839 bytes, as
   *       entry 258 has two and each further one a byte more; codes of fewer bits stand for fewer
   *       bytes a bit.
   *   <li>Deflate: two bits for 258 bytes, a length and a distance of one bit each.
   *   <li>PackBits: two bytes for 128.
   *   <li>JPEG: a bit for a block, which has 1024 pixels where its channel is subsampled by four
   *       both ways.
   *   <li>Zstandard: see {@link Zstandard#MAX_EXPANSION}.
   * </ul>
   */
  static double maxExpansion(int method, int samples) {
    return switch (method) {
      case 5 -> 3839 * 8 / 12.0;
      case 7 -> 8.0 * 1024 * samples;
      case 8, 32_946, 50_013 -> 1032;
      case 32_773 -> 64;
      case TiffHeader.ZSTANDARD -> Zstandard.MAX_EXPANSION;
      default -> 1;
    };
  }

  private static String name(int method) {
    return switch (method) {
      case 9, 10, 34_661 -> "JBIG";
      case 32_766 -> "NeXT's method";
      case 32_771 -> "CCITT RLEW";
      case 32_809 -> "ThunderScan";
      case 32_908, 32_909 -> "Pixar's method";
      case 33_003, 33_004, 33_005, 34_712 -> "JPEG 2000";
      case 34_676, 34_677 -> "SGI Log";
      case 34_887 -> "LERC";
      case 34_892 -> "lossy JPEG of DNG";
      case 34_925 -> "LZMA";
      case 50_001, 34_927 -> "WebP";
      case 50_002, 52_546 -> "JPEG XL";
      default -> "an unknown method";
    };
  }
}
