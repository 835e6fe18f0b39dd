package io.panamba.model.image.webp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Decoders ask whether they are to go on, in each of their passes. */
class WebpCheckTest {
  private static final int SIZE = 320;
  private static final int CONTENT = 20;

  private interface Decoder {
    byte[] decode(byte[] data, int from, int to, Runnable check) throws IOException;
  }

  private static int checks(byte[] file, Decoder decoder) throws IOException {
    AtomicInteger count = new AtomicInteger();
    byte[] pixels = decoder.decode(file, CONTENT, file.length, count::incrementAndGet);
    assertThat(pixels).hasSize(3 * SIZE * SIZE);
    for (int last : new int[] {1, count.get() / 2, count.get()}) {
      AtomicInteger left = new AtomicInteger(last);
      assertThatThrownBy(
              () ->
                  decoder.decode(
                      file,
                      CONTENT,
                      file.length,
                      () -> {
                        if (left.decrementAndGet() == 0) {
                          throw new CancellationException();
                        }
                      }))
          .isInstanceOf(CancellationException.class);
      assertThat(left).hasValue(0);
    }
    return count.get();
  }

  @Test
  void lossy() throws IOException {
    // Macroblocks are decoded, filtered, and converted by rows of pixels.
    assertThat(checks(BlankWebp.lossy(SIZE, SIZE), WebpBitstream::decodeLossy))
        .isEqualTo(SIZE / 16 + SIZE / 16 + SIZE);
  }

  @Test
  void lossless() throws IOException {
    // The pixels and four transforms by rows, of which prediction leaves the first one out.
    assertThat(checks(BlankWebp.lossless(SIZE, SIZE), WebpBitstream::decodeLossless))
        .isGreaterThanOrEqualTo(5 * SIZE - 1);
  }
}
