package io.panamba.model.image.webp;

/** The inverse transforms of RFC 6386, sections 14.3 and 14.4. */
final class InverseTransform {
  /** sqrt(2) * cos(pi / 8) - 1 and sqrt(2) * sin(pi / 8), in 16 bits. */
  private static final int COSINE = 20091;

  private static final int SINE = 35468;

  private InverseTransform() {}

  /** Spreads the block of means over the first coefficients of sixteen blocks at the start. */
  static void means(short[] coefficients, int means) {
    int[] columns = new int[16];
    for (int i = 0; i < 4; i++) {
      int outer = coefficients[means + i] + coefficients[means + 12 + i];
      int inner = coefficients[means + 4 + i] + coefficients[means + 8 + i];
      int innerStep = coefficients[means + 4 + i] - coefficients[means + 8 + i];
      int outerStep = coefficients[means + i] - coefficients[means + 12 + i];
      columns[i] = outer + inner;
      columns[4 + i] = outerStep + innerStep;
      columns[8 + i] = outer - inner;
      columns[12 + i] = outerStep - innerStep;
    }
    for (int i = 0; i < 4; i++) {
      int outer = columns[4 * i] + columns[4 * i + 3] + 3;
      int inner = columns[4 * i + 1] + columns[4 * i + 2];
      int innerStep = columns[4 * i + 1] - columns[4 * i + 2];
      int outerStep = columns[4 * i] - columns[4 * i + 3] + 3;
      int row = 64 * i;
      coefficients[row] = (short) ((outer + inner) >> 3);
      coefficients[row + 16] = (short) ((outerStep + innerStep) >> 3);
      coefficients[row + 32] = (short) ((outer - inner) >> 3);
      coefficients[row + 48] = (short) ((outerStep - innerStep) >> 3);
    }
  }

  /** Adds a block's inverse cosine transform to 4 x 4 samples. */
  static void add(short[] coefficients, int block, int[] scratch, Plane plane, int at) {
    for (int i = 0; i < 4; i++) {
      int c0 = coefficients[block + i];
      int c1 = coefficients[block + 4 + i];
      int c2 = coefficients[block + 8 + i];
      int c3 = coefficients[block + 12 + i];
      int even = c0 + c2;
      int odd = c0 - c2;
      int high = sine(c1) - cosine(c3);
      int low = cosine(c1) + sine(c3);
      scratch[i] = even + low;
      scratch[4 + i] = odd + high;
      scratch[8 + i] = odd - high;
      scratch[12 + i] = even - low;
    }
    byte[] samples = plane.samples();
    int to = at;
    for (int i = 0; i < 16; i += 4) {
      int even = scratch[i] + scratch[i + 2] + 4;
      int odd = scratch[i] - scratch[i + 2] + 4;
      int high = sine(scratch[i + 1]) - cosine(scratch[i + 3]);
      int low = cosine(scratch[i + 1]) + sine(scratch[i + 3]);
      samples[to] = sum(samples[to], even + low);
      samples[to + 1] = sum(samples[to + 1], odd + high);
      samples[to + 2] = sum(samples[to + 2], odd - high);
      samples[to + 3] = sum(samples[to + 3], even - low);
      to += plane.stride();
    }
  }

  private static int cosine(int value) {
    return value + ((value * COSINE) >> 16);
  }

  private static int sine(int value) {
    return (value * SINE) >> 16;
  }

  private static byte sum(byte sample, int eighths) {
    return (byte) Math.clamp((sample & 255) + (eighths >> 3), 0, 255);
  }
}
