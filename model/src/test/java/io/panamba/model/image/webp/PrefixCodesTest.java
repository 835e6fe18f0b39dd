package io.panamba.model.image.webp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class PrefixCodesTest {
  private static final int[] LENGTH_ORDER = {
    17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  };

  @Test
  void readsCodesOfEveryLength() throws IOException {
    int[] lengths = new int[40];
    for (int symbol = 0; symbol < 15; symbol++) {
      lengths[symbol] = symbol + 1;
    }
    lengths[39] = 15;
    PrefixCode code = PrefixCode.of(lengths);
    BitWriter out = new BitWriter();
    for (int symbol = 0; symbol < 15; symbol++) {
      // Ones and a zero; the code of 15 ones is the last symbol's.
      out.put((1 << symbol) - 1, symbol + 1);
    }
    BitReader in = out.put(0x7FFF, 15).reader();
    for (int symbol = 0; symbol < 15; symbol++) {
      assertThat(code.read(in)).isEqualTo(symbol);
    }
    assertThat(code.read(in)).isEqualTo(39);
  }

  @Test
  void aSingleSymbolTakesNoBits() throws IOException {
    int[] lengths = new int[256];
    lengths[255] = 7;
    BitReader empty = new BitReader(new byte[0], 0, 0);
    assertThat(PrefixCode.of(lengths).read(empty)).isEqualTo(255);
    assertThatThrownBy(() -> empty.bits(1)).isInstanceOf(EOFException.class);
  }

  @Test
  void codesThatAreNotCompleteAreRefused() {
    for (int[] lengths : new int[][] {{}, {0, 0}, {1, 2}, {1, 1, 1}, {1, 1, 15}}) {
      assertThatThrownBy(() -> PrefixCode.of(lengths)).isInstanceOf(IOException.class);
    }
  }

  @Test
  void aSymbolOutsideOfItsAlphabetIsRefused() {
    BitWriter out = new BitWriter();
    out.single(0).single(0).single(0).single(0).single(40);
    assertThatThrownBy(() -> new PrefixCodes(out.reader(), 0, 1).group())
        .hasMessageContaining("alphabet");
  }

  /** A picture of one pixel that is in the last of 65536 groups. */
  @Test
  void groupsThatNoPixelHasAreNotKept() throws IOException {
    BitWriter out = new BitWriter();
    out.put(1, 1).put(0, 3);
    out.put(0, 1).single(255).single(255).single(0).single(0).single(0);
    for (int i = 0; i < 5 << 16; i++) {
      out.single(0);
    }
    Groups groups = Groups.read(out.reader(), 1, 1, 0, true, () -> {});
    assertThat(groups.codes()).hasDimensions(1, 5);
  }

  /** Blocks of 4 x 4 pixels, each with codes of its own that are larger than its pixels. */
  @Test
  void morePrefixCodesThanThePixelsNeedAreRefused() {
    BitWriter out = new BitWriter();
    out.put(1, 1).put(0, 3).put(0, 1);
    allBytes(out);
    allBytes(out);
    out.single(0).single(0).single(0);
    for (int block = 0; block < 1 << 16; block++) {
      out.put(reversed(block & 255, 8), 8).put(reversed(block >> 8, 8), 8);
    }
    // Each takes 272 entries; the limit is 2^24.
    for (int i = 0; i < 5 * 13_000; i++) {
      longCode(out);
    }
    assertThatThrownBy(() -> Groups.read(out.reader(), 1024, 1024, 0, true, () -> {}))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("more prefix codes than pixels need");
  }

  /** Writes the code whose sixteen symbols have the lengths 1 to 15 and 15. */
  private static void longCode(BitWriter out) {
    out.put(0, 1).put(15, 4);
    for (int symbol : LENGTH_ORDER) {
      out.put(symbol < 16 ? 4 : 0, 3);
    }
    out.put(1, 1).put(1, 3).put(14, 4);
    for (int symbol = 0; symbol < 16; symbol++) {
      out.put(reversed(Math.min(symbol + 1, 15), 4), 4);
    }
  }

  /** Writes the code whose first 256 symbols have the length 8. */
  private static void allBytes(BitWriter out) {
    out.put(0, 1).put(15, 4);
    for (int symbol : LENGTH_ORDER) {
      // Only lengths of 8 and of 0: one bit each.
      out.put(symbol == 8 || symbol == 0 ? 1 : 0, 3);
    }
    out.put(1, 1).put(3, 3).put(254, 8);
    for (int symbol = 0; symbol < 256; symbol++) {
      out.put(1, 1);
    }
  }

  private static int reversed(int value, int width) {
    return Integer.reverse(value) >>> (Integer.SIZE - width);
  }
}
