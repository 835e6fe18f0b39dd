package io.panamba.model.image.zstd;

import java.io.IOException;
import java.util.Arrays;

/** The copies of a frame's blocks: literals, and bytes from before (RFC 8878, 3.1.1.3.2 to 5). */
final class Sequences {
  private static final int MAX_OFFSET_CODE = 31;

  private static final int[] LITERAL_BASES = {
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 28, 32, 40, 48, 64,
    128, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536
  };
  private static final int[] LITERAL_BITS = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11,
    12, 13, 14, 15, 16
  };
  private static final int[] MATCH_BASES = {
    3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
    29, 30, 31, 32, 33, 34, 35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99, 131, 259, 515, 1027, 2051,
    4099, 8195, 16_387, 32_771, 65_539
  };
  private static final int[] MATCH_BITS = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
  };

  /** The shares of symbols where a block says nothing else: literals, offsets, matches. */
  private static final int[][] SHARES = {
    {
      4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1,
      1, -1, -1, -1, -1
    },
    {1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1},
    {
      1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
      1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1
    }
  };

  private static final int[] ACCURACIES = {6, 5, 6};
  private static final FseTable[] PREDEFINED = predefined();
  private static final int[] MAX_ACCURACIES = {9, 8, 9};
  private static final int[] SYMBOLS = {
    LITERAL_BASES.length, MAX_OFFSET_CODE + 1, MATCH_BASES.length
  };

  private final byte[] in;
  private final Literals literals;
  private final FseTable[] tables = new FseTable[SYMBOLS.length];
  private final int[] recent = new int[3];
  private byte[] out;

  /** Where the frame's bytes start, where the next goes, and where the block's must end. */
  private int start;

  private int at;
  private int limit;

  Sequences(byte[] in, Literals literals) {
    this.in = in;
    this.literals = literals;
  }

  /** Begins a frame, whose bytes start at a place in the output. */
  void reset(int place) {
    start = place;
    Arrays.fill(tables, null);
    recent[0] = 1;
    recent[1] = 4;
    recent[2] = 8;
  }

  /**
   * Reads the copies of a block and carries them out.
   *
   * @param to where in the output the block begins
   * @param most how many bytes it may have, for which there is room
   * @return where it ends
   */
  int run(int from, int end, byte[] output, int to, int most) throws IOException {
    out = output;
    at = to;
    limit = to + most;
    require(from < end);
    int position = from;
    int count = in[position++] & 255;
    if (count >= 128) {
      require(position + (count == 255 ? 1 : 0) < end);
      if (count < 255) {
        count = ((count - 128) << 8) + (in[position++] & 255);
      } else {
        count = (in[position] & 255) + ((in[position + 1] & 255) << 8) + 0x7F00;
        position += 2;
      }
    }
    int done = 0;
    if (count == 0) {
      require(position == end);
    } else {
      require(position < end);
      int modes = in[position++] & 255;
      require((modes & 3) == 0);
      for (int i = 0; i < 3; i++) {
        position = table(i, (modes >> (6 - 2 * i)) & 3, position, end);
      }
      done = copies(new BackwardBits(in, position, end), count);
    }
    literal(done, literals.length() - done);
    return at;
  }

  private static FseTable[] predefined() {
    try {
      FseTable[] tables = new FseTable[SHARES.length];
      for (int i = 0; i < tables.length; i++) {
        tables[i] = FseTable.of(ACCURACIES[i], SHARES[i]);
      }
      return tables;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private int table(int kind, int mode, int position, int end) throws IOException {
    switch (mode) {
      case 0 -> tables[kind] = PREDEFINED[kind];
      case 1 -> {
        require(position < end && (in[position] & 255) < SYMBOLS[kind]);
        tables[kind] = FseTable.of(in[position] & 255);
        return position + 1;
      }
      case 2 -> {
        FseTable.Described described =
            FseTable.read(in, position, end, MAX_ACCURACIES[kind], SYMBOLS[kind]);
        tables[kind] = described.table();
        return described.end();
      }
      default -> require(tables[kind] != null);
    }
    return position;
  }

  /** Returns how many literals were copied. */
  private int copies(BackwardBits stream, int count) throws IOException {
    FseTable lengths = tables[0];
    FseTable offsets = tables[1];
    FseTable matches = tables[2];
    int lengthState = stream.read(lengths.accuracy());
    int offsetState = stream.read(offsets.accuracy());
    int matchState = stream.read(matches.accuracy());
    int done = 0;
    for (int i = 0; i < count; i++) {
      int offsetCode = offsets.symbols()[offsetState];
      int matchCode = matches.symbols()[matchState];
      int lengthCode = lengths.symbols()[lengthState];
      long offset = (1L << offsetCode) + stream.read(offsetCode);
      int match = MATCH_BASES[matchCode] + stream.read(MATCH_BITS[matchCode]);
      int length = LITERAL_BASES[lengthCode] + stream.read(LITERAL_BITS[lengthCode]);
      if (i < count - 1) {
        lengthState = lengths.bases()[lengthState] + stream.read(lengths.bits()[lengthState]);
        matchState = matches.bases()[matchState] + stream.read(matches.bits()[matchState]);
        offsetState = offsets.bases()[offsetState] + stream.read(offsets.bits()[offsetState]);
      }
      require(stream.left() >= 0 && length <= literals.length() - done);
      literal(done, length);
      done += length;
      match(distance(offset, length == 0), match);
    }
    require(stream.left() == 0);
    return done;
  }

  /** Returns an offset that may be one of the three before it. */
  private int distance(long offset, boolean withoutLiterals) throws IOException {
    if (offset > 3) {
      require(offset - 3 <= Integer.MAX_VALUE);
      recent[2] = recent[1];
      recent[1] = recent[0];
      recent[0] = (int) (offset - 3);
      return recent[0];
    }
    int index = (int) offset - 1 + (withoutLiterals ? 1 : 0);
    int distance = index == 3 ? recent[0] - 1 : recent[index];
    if (index > 1) {
      recent[2] = recent[1];
    }
    if (index > 0) {
      recent[1] = recent[0];
      recent[0] = distance;
    }
    return distance;
  }

  private void literal(int from, int length) throws IOException {
    require(length <= limit - at);
    System.arraycopy(literals.bytes(), from, out, at, length);
    at += length;
  }

  private void match(int distance, int length) throws IOException {
    require(distance > 0 && distance <= at - start && length <= limit - at);
    if (distance >= length) {
      System.arraycopy(out, at - distance, out, at, length);
    } else {
      // The copy overlaps its source: byte by byte it repeats it.
      for (int i = at; i < at + length; i++) {
        out[i] = out[i - distance];
      }
    }
    at += length;
  }

  private static void require(boolean condition) throws IOException {
    if (!condition) {
      throw new IOException("the sequences of a block are damaged");
    }
  }
}
