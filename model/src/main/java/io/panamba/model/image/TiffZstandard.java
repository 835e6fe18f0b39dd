package io.panamba.model.image;

import io.panamba.model.image.zstd.Zstandard;
import java.io.EOFException;
import java.io.IOException;
import java.util.Arrays;

/**
 * Decompresses the tiles of a TIFF file with Zstandard, which TwelveMonkeys' reader doesn't know.
 * They become stored blocks of Deflate, so that the reader still takes back the predictor.
 */
final class TiffZstandard {
  /**
   * A header and the tiles that it describes.
   *
   * @param bytes that the tiles have in memory
   */
  record Plain(TiffHeader header, ByteSource source, long bytes) {}

  private TiffZstandard() {}

  /**
   * Decompresses all tiles.
   *
   * @param rows how many are to be decoded of them at a time, which is admitted too
   */
  static Plain decompress(TiffHeader header, ByteSource source, int rows, Budget budget)
      throws IOException {
    if (header.photometric() == TiffHeader.YCBCR) {
      throw new ImageException("YCbCr compressed by Zstandard (50000) in TIFF is not read");
    }
    byte[][] tiles = new byte[header.offsets().length][];
    long total = 0;
    long largest = 0;
    for (int i = 0; i < tiles.length; i++) {
      total += header.rawBytes(i);
      largest = Math.max(largest, header.rawBytes(i));
    }
    budget.admitBytes(largest);
    // While a tile grows there are the new array and the old one; and its bytes as they are stored.
    long packed = Arrays.stream(header.counts()).max().orElse(0);
    header.admit(budget, rows, total + largest / 2 + 2 * packed);
    for (int i = 0; i < tiles.length; i++) {
      int size = (int) header.rawBytes(i);
      byte[] in = source.read(header.offsets()[i], Math.toIntExact(header.counts()[i]));
      tiles[i] = Zstandard.decompress(in, size, budget::checkTime);
      if (tiles[i].length < size) {
        throw new EOFException(
            "its tile or strip %d has %d bytes of %d".formatted(i, tiles[i].length, size));
      }
    }
    StoredTiles stored = new StoredTiles(tiles);
    return new Plain(
        header.withTiles(TiffHeader.DEFLATE, stored.offsets(), stored.counts()), stored, total);
  }
}
