package io.panamba.model.image.webp;

/**
 * The steps that coefficients are multiplied with, each of DC and AC: RFC 6386, section 14.1.
 *
 * @param lumaDc of luma blocks
 * @param lumaAc of luma blocks
 * @param meansDc of the block of the luma blocks' means
 * @param meansAc of the block of the luma blocks' means
 * @param chromaDc of chroma blocks
 * @param chromaAc of chroma blocks
 */
record Quantiser(int lumaDc, int lumaAc, int meansDc, int meansAc, int chromaDc, int chromaAc) {
  private static final int LAST = 127;

  /** Chroma's DC steps end at 132. */
  private static final int LAST_CHROMA_DC = 117;

  private static final int LEAST_MEANS_AC = 8;

  /**
   * Makes the steps of a quantiser index.
   *
   * @param index any number; it and its sums with the deltas are cut to 0..127
   * @param deltas added to the index for lumaDc, meansDc, meansAc, chromaDc and chromaAc
   */
  static Quantiser of(int index, int[] deltas) {
    return new Quantiser(
        Vp8Tables.DC_STEPS[cut(index + deltas[0], LAST)],
        Vp8Tables.AC_STEPS[cut(index, LAST)],
        2 * Vp8Tables.DC_STEPS[cut(index + deltas[1], LAST)],
        Math.max(Vp8Tables.AC_STEPS[cut(index + deltas[2], LAST)] * 155 / 100, LEAST_MEANS_AC),
        Vp8Tables.DC_STEPS[cut(index + deltas[3], LAST_CHROMA_DC)],
        Vp8Tables.AC_STEPS[cut(index + deltas[4], LAST)]);
  }

  private static int cut(int index, int most) {
    return Math.clamp(index, 0, most);
  }
}
