package io.panamba.model.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScheduleTest {
  @ParameterizedTest
  @CsvSource({"0, 0.25", "1, 0.5", "3, 1", "4, 1", "8, 0.55", "11, 0.13425", "12, 0.1", "99, 0.1"})
  void risesThenFallsAsACosine(long step, double rate) {
    assertThat(new Schedule(1, 0.1, 4, 12).rate(step)).isCloseTo(rate, within(5e-5));
  }

  @Test
  void withoutWarmUpItStartsAtThePeak() {
    assertThat(new Schedule(3e-4, 0, 0, 1).rate(0)).isEqualTo(3e-4);
  }

  @Test
  void warmUpMayBeAll() {
    assertThat(new Schedule(1, 0, 10, 10).rate(9)).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({
    "-1, 0, 0, 1",
    "1, 2, 0, 1",
    "NaN, 0, 0, 1",
    "Infinity, 0, 0, 1",
    "1, -1, 0, 1",
    "1, 0, -1, 1",
    "1, 0, 0, 0"
  })
  void refusesWhatIsNone(double peak, double floor, long warmUp, long steps) {
    assertThatThrownBy(() -> new Schedule(peak, floor, warmUp, steps))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected");
  }
}
