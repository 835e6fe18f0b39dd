package io.panamba.model.image.webp;

/**
 * Makes RGB of luma and chroma with libwebp's integers: chroma is interpolated with weights of 9,
 * 3, 3 and 1 sixteenths, rounded in two steps, and converted by ITU-R BT.601 in 14 bits.
 */
final class ColourConversion {
  private static final int CHANNELS = 3;

  private final Planes planes;
  private final int chromaWidth;
  private final int chromaHeight;

  ColourConversion(Planes planes) {
    this.planes = planes;
    chromaWidth = (planes.width() + 1) / 2;
    chromaHeight = (planes.height() + 1) / 2;
  }

  /** Converts all rows; the check is called for each. */
  byte[] toRgb(Runnable check) {
    int width = planes.width();
    byte[] rgb = new byte[Math.multiplyExact(CHANNELS * width, planes.height())];
    int[] blue = new int[2 * chromaWidth + 1];
    int[] red = new int[2 * chromaWidth + 1];
    for (int y = 0; y < planes.height(); y++) {
      check.run();
      int near = y >> 1;
      int far = Math.clamp(near + ((y & 1) == 0 ? -1L : 1L), 0, chromaHeight - 1);
      interpolate(planes.blue(), near, far, blue);
      interpolate(planes.red(), near, far, red);
      byte[] luma = planes.luma().samples();
      int from = planes.luma().at(0, y);
      int at = y * width * CHANNELS;
      for (int x = 0; x < width; x++) {
        convert(luma[from + x] & 255, blue[x], red[x], rgb, at);
        at += CHANNELS;
      }
    }
    return rgb;
  }

  /** Doubles a row of chroma between the nearest row and the next but nearest. */
  private void interpolate(Plane plane, int near, int far, int[] out) {
    byte[] samples = plane.samples();
    int nearAt = plane.at(0, near);
    int farAt = plane.at(0, far);
    int nearLeft = samples[nearAt] & 255;
    int farLeft = samples[farAt] & 255;
    out[0] = (3 * nearLeft + farLeft + 2) >> 2;
    for (int x = 1; x < chromaWidth; x++) {
      int nearRight = samples[nearAt + x] & 255;
      int farRight = samples[farAt + x] & 255;
      int sum = nearLeft + nearRight + farLeft + farRight + 8;
      out[2 * x - 1] = (((sum + 2 * (nearRight + farLeft)) >> 3) + nearLeft) >> 1;
      out[2 * x] = (((sum + 2 * (nearLeft + farRight)) >> 3) + nearRight) >> 1;
      nearLeft = nearRight;
      farLeft = farRight;
    }
    // The last column of an even width; an odd one has no use for it.
    out[2 * chromaWidth - 1] = (3 * nearLeft + farLeft + 2) >> 2;
  }

  private static void convert(int luma, int blue, int red, byte[] rgb, int at) {
    int light = (luma * 19077) >> 8;
    rgb[at] = clip(light + ((red * 26149) >> 8) - 14234);
    rgb[at + 1] = clip(light - ((blue * 6419) >> 8) - ((red * 13320) >> 8) + 8708);
    rgb[at + 2] = clip(light + ((blue * 33050) >> 8) - 17685);
  }

  private static byte clip(int sixtyFourths) {
    return (byte) Math.clamp(sixtyFourths >> 6, 0, 255);
  }
}
