package io.panamba.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class TimingsTest {
  @Test
  void percentilesAreOfNearestRank() {
    long[] nanos = LongStream.rangeClosed(1, 1000).map(i -> (1001 - i) * 1_000_000).toArray();
    Timings timings = new Timings(nanos);
    assertThat(timings.medianMillis()).isEqualTo(500.5);
    assertThat(timings.percentileMillis(0.9)).isEqualTo(900);
    assertThat(timings.percentileMillis(0.99)).isEqualTo(990);
    assertThat(timings.percentileMillis(0.999)).isEqualTo(999);
    assertThat(timings.totalSeconds()).isEqualTo(500.5);
    assertThat(timings.count()).isEqualTo(1000);
  }

  @Test
  void onlyAPartOfTheArrayCounts() {
    Timings timings = new Timings(new long[] {0, 3_000_000, 1_000_000, 2_000_000, 0}, 1, 4);
    assertThat(timings.medianMillis()).isEqualTo(2);
    assertThat(timings.percentileMillis(0.999)).isEqualTo(3);
    assertThat(timings.percentileMillis(0)).isEqualTo(1);
  }
}
