package io.panamba.model.image;

import io.panamba.model.image.zstd.Zstandard;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;

/**
 * Decompresses the tiles of a TIFF file with Zstandard, which TwelveMonkeys' reader doesn't know.
 * They become stored blocks of Deflate, so that the reader still takes back the predictor.
 */
final class TiffZstandard {
  /** Header, checksum and the heads of the first blocks of a stored stream. */
  private static final int STORED = 64;

  /** A header and the file that it describes. */
  record Plain(TiffHeader header, ByteSource source) {}

  private TiffZstandard() {}

  static Plain decompress(TiffHeader header, ByteSource source, Budget budget) throws IOException {
    if (header.photometric() == TiffHeader.YCBCR) {
      throw new ImageException("YCbCr compressed by Zstandard (50000) in TIFF is not read");
    }
    int tiles = header.offsets().length;
    long total = 0;
    for (int i = 0; i < tiles; i++) {
      total += header.rawBytes(i) + header.rawBytes(i) / 1000 + STORED;
    }
    budget.admitBytes(total);
    ByteArrayOutputStream out = new ByteArrayOutputStream((int) total);
    long[] offsets = new long[tiles];
    long[] counts = new long[tiles];
    Deflater stored = new Deflater(Deflater.NO_COMPRESSION);
    try {
      for (int i = 0; i < tiles; i++) {
        budget.checkTime();
        byte[] tile = new byte[Math.toIntExact(header.rawBytes(i))];
        byte[] packed = source.read(header.offsets()[i], Math.toIntExact(header.counts()[i]));
        int read = Zstandard.decompress(packed, tile);
        if (read < tile.length) {
          throw new EOFException(
              "its tile or strip %d has %d bytes of %d".formatted(i, read, tile.length));
        }
        offsets[i] = out.size();
        stored.reset();
        DeflaterOutputStream deflated = new DeflaterOutputStream(out, stored);
        deflated.write(tile);
        deflated.finish();
        counts[i] = out.size() - offsets[i];
      }
    } finally {
      stored.end();
    }
    return new Plain(
        header.withTiles(TiffHeader.DEFLATE, offsets, counts),
        new ByteSource.Memory(out.toByteArray()));
  }
}
