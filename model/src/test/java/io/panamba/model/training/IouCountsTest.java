package io.panamba.model.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class IouCountsTest {
  @Test
  void classesThatNobodyHasAreLeftOut() {
    IouCounts counts = new IouCounts(4);
    short none = (short) MaskDataset.UNLABELLED;
    counts.add(new short[] {0, 0, 1, 1}, new short[] {0, 1, 1, none});
    counts.add(new short[] {2, 0}, new short[] {2, 2});
    assertThat(counts.accuracy()).isCloseTo(3.0 / 5, within(1e-12));
    // 0: 1 of 3; 1: 1 of 2; 2: 1 of 2.
    assertThat(counts.meanIou()).isCloseTo((1.0 / 3 + 0.5 + 0.5) / 3, within(1e-12));
  }

  @Test
  void withoutPixels() {
    assertThat(new IouCounts(3).accuracy()).isNaN();
    assertThat(new IouCounts(3).meanIou()).isNaN();
  }
}
