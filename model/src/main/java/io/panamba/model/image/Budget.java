package io.panamba.model.image;

/** What decoding one picture, or one band of it, may take: {@link ImageLimits} from a start on. */
final class Budget {
  /** Bytes of a pixel as it is handed on. */
  static final int RGB = 3;

  /** The most channels that a picture may have, colours and others. */
  static final int MAX_CHANNELS = 16;

  /** The most scans of a JPEG; encoders write ten or so. */
  private static final int MAX_SCANS = 100;

  /** The most scans of a JPEG that has all the pixels that are allowed. */
  private static final int FULL_SCANS = 32;

  /** How many times the pixels of a picture its tiles may have. */
  private static final int PADDING = 4;

  private final ImageLimits limits;
  private final long start = System.nanoTime();
  private final long nanos;

  Budget(ImageLimits limits) {
    this.limits = limits;
    this.nanos = nanos(limits);
  }

  private static long nanos(ImageLimits limits) {
    try {
      return limits.time().toNanos();
    } catch (ArithmeticException e) {
      // Some 292 years and more.
      return Long.MAX_VALUE;
    }
  }

  /** Admits a picture that needs nothing beside its pixels, or refuses it. */
  void admit(long width, long height, long heap, long outside) {
    admit(width, height, heap, outside, 0);
  }

  /**
   * Admits a picture, or refuses it.
   *
   * @param heap bytes of each pixel that are allocated in the heap
   * @param outside bytes of each pixel that are allocated outside of it
   * @param beside bytes in the heap beside those of pixels
   */
  void admit(long width, long height, long heap, long outside, long beside) {
    if (width < 1 || height < 1) {
      throw new ImageException("a picture of %d x %d pixels is empty".formatted(width, height));
    }
    // Neither factor exceeds 2^31.
    long pixels = width * height;
    if (pixels > limits.pixels()) {
      throw new ImageException(
          "the picture has %d x %d pixels; at most %d pixels are allowed"
              .formatted(width, height, limits.pixels()));
    }
    String more = beside == 0 ? "" : " and %d beside".formatted(beside);
    if (beside > limits.bytes() || pixels > (limits.bytes() - beside) / (heap + outside)) {
      throw new ImageException(
          "decoding %d x %d pixels takes %d bytes each%s; at most %d bytes are allowed"
              .formatted(width, height, heap + outside, more, limits.bytes()));
    }
    long memory = heap();
    if (beside > memory || pixels > (memory - beside) / heap) {
      throw new ImageException(
          "decoding %d x %d pixels takes %d bytes each%s; the heap has %d bytes"
              .formatted(width, height, heap, more, memory));
    }
    checkTime();
  }

  /** Admits an intermediate in the heap, which is one array. */
  void admitBytes(long bytes) {
    long most = Math.min(limits.bytes(), Math.min(Integer.MAX_VALUE - 8, heap()));
    if (bytes > most) {
      throw new ImageException(
          "decoding takes %d bytes at once; at most %d are allowed".formatted(bytes, most));
    }
  }

  /**
   * Admits tiles beyond a picture's border: a small picture may not have tiles without end.
   *
   * @param tiles pixels of all the tiles
   * @param picture pixels of the picture
   */
  void admitPadding(double tiles, double picture) {
    if (tiles > PADDING * Math.max(picture, (double) limits.pixels())) {
      throw new ImageException(
          "the tiles have %.0f pixels, the picture %.0f".formatted(tiles, picture));
    }
  }

  private static long heap() {
    return Runtime.getRuntime().maxMemory();
  }

  /** Admits the scans of a JPEG, each of which goes through all coefficients. */
  void admitScans(int scans, long pixels) {
    if (scans > MAX_SCANS || pixels / FULL_SCANS > limits.pixels() / scans) {
      throw new ImageException(
          "the JPEG file has %d scans of %d pixels; at most %d scans are read, and %d if it has as"
                  .formatted(scans, pixels, MAX_SCANS, FULL_SCANS)
              + " many pixels as are allowed");
    }
  }

  boolean isTimeUp() {
    return System.nanoTime() - start > nanos;
  }

  void checkTime() {
    if (isTimeUp()) {
      throw new ImageException(
          "decoding takes longer than the %s that are allowed".formatted(limits.time()));
    }
  }
}
