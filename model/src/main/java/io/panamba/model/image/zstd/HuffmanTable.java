package io.panamba.model.image.zstd;

import java.io.IOException;
import java.util.Arrays;

/** A Huffman table of literals (RFC 8878, 4.2): the next bits tell a symbol and its length. */
@SuppressWarnings("ArrayRecordComponent")
record HuffmanTable(int bits, byte[] symbols, byte[] lengths) {
  private static final int MAX_BITS = 11;
  private static final int MAX_SYMBOLS = 256;
  private static final int WEIGHT_ACCURACY = 6;
  private static final int DIRECT = 128;

  /** A table and where its description ends. */
  record Described(HuffmanTable table, int end) {}

  static Described read(byte[] in, int start, int end) throws IOException {
    if (start >= end) {
      throw new IOException("a Huffman table is cut short");
    }
    int head = in[start] & 255;
    int[] weights;
    int tableEnd;
    if (head < DIRECT) {
      tableEnd = start + 1 + head;
      require(tableEnd <= end);
      weights = compressed(in, start + 1, tableEnd);
    } else {
      weights = new int[head - DIRECT + 1];
      tableEnd = start + 1 + (weights.length + 1) / 2;
      require(tableEnd <= end);
      for (int i = 0; i < weights.length; i++) {
        int pair = in[start + 1 + i / 2] & 255;
        weights[i] = i % 2 == 0 ? pair >> 4 : pair & 15;
      }
    }
    return new Described(of(weights), tableEnd);
  }

  /** Reads weights by two states that take turns. */
  private static int[] compressed(byte[] in, int start, int end) throws IOException {
    FseTable.Described described = FseTable.read(in, start, end, WEIGHT_ACCURACY, MAX_SYMBOLS);
    FseTable table = described.table();
    BackwardBits stream = new BackwardBits(in, described.end(), end);
    int[] states = {stream.read(table.accuracy()), stream.read(table.accuracy())};
    int[] weights = new int[MAX_SYMBOLS];
    int count = 0;
    require(stream.left() >= 0);
    for (int turn = 0; ; turn ^= 1) {
      require(count + 2 < MAX_SYMBOLS);
      int state = states[turn];
      weights[count++] = table.symbols()[state];
      states[turn] = table.bases()[state] + stream.read(table.bits()[state]);
      if (stream.left() < 0) {
        weights[count++] = table.symbols()[states[turn ^ 1]];
        return Arrays.copyOf(weights, count);
      }
    }
  }

  /** Builds the table; the weight of the last symbol is what is missing. */
  private static HuffmanTable of(int[] weights) throws IOException {
    int sum = 0;
    for (int weight : weights) {
      require(weight <= MAX_BITS);
      sum += (1 << weight) >> 1;
    }
    require(sum > 0);
    int bits = 32 - Integer.numberOfLeadingZeros(sum);
    int missing = (1 << bits) - sum;
    require(bits <= MAX_BITS && Integer.bitCount(missing) == 1);
    int[] all = Arrays.copyOf(weights, weights.length + 1);
    all[weights.length] = 32 - Integer.numberOfLeadingZeros(missing);
    byte[] symbols = new byte[1 << bits];
    byte[] lengths = new byte[1 << bits];
    int at = 0;
    for (int weight = 1; weight <= bits; weight++) {
      for (int s = 0; s < all.length; s++) {
        if (all[s] == weight) {
          int to = at + (1 << (weight - 1));
          Arrays.fill(symbols, at, to, (byte) s);
          Arrays.fill(lengths, at, to, (byte) (bits + 1 - weight));
          at = to;
        }
      }
    }
    return new HuffmanTable(bits, symbols, lengths);
  }

  /** Decodes a stream of literals. */
  void decode(byte[] in, int start, int end, byte[] out, int from, int to) throws IOException {
    BackwardBits stream = new BackwardBits(in, start, end);
    for (int i = from; i < to; i++) {
      int code = stream.peek(bits);
      out[i] = symbols[code];
      stream.skip(lengths[code]);
    }
    require(stream.left() == 0);
  }

  private static void require(boolean condition) throws IOException {
    if (!condition) {
      throw new IOException("a Huffman table or its stream is damaged");
    }
  }
}
