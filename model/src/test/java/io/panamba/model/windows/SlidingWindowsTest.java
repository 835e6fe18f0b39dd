package io.panamba.model.windows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SlidingWindowsTest {
  private static int[] lefts(SlidingWindows windows) {
    return IntStream.range(0, windows.columns()).map(windows::left).toArray();
  }

  private static int[] tops(SlidingWindows windows) {
    return IntStream.range(0, windows.rows())
        .map(i -> windows.top(i * windows.columns()))
        .toArray();
  }

  @Test
  void theLastWindowEndsWithTheImage() {
    SlidingWindows windows = SlidingWindows.of(512, 683, 512, 341);
    assertThat(tops(windows)).containsExactly(0);
    assertThat(lefts(windows)).containsExactly(0, 171);
    assertThat(lefts(SlidingWindows.of(512, 2048, 512, 341)))
        .containsExactly(0, 341, 682, 1023, 1364, 1536);
    assertThat(lefts(SlidingWindows.of(64, 106, 64, 42))).containsExactly(0, 42);
    assertThat(lefts(SlidingWindows.of(64, 107, 64, 42))).containsExactly(0, 42, 43);
  }

  @Test
  void windowsAreCountedByRows() {
    SlidingWindows windows = SlidingWindows.of(78, 107, 64, 42);
    assertThat(windows.count()).isEqualTo(6);
    assertThat(windows.top(2)).isZero();
    assertThat(windows.left(2)).isEqualTo(43);
    assertThat(windows.top(3)).isEqualTo(14);
    assertThat(windows.left(3)).isZero();
  }

  @Test
  void aSideBelowTheWindowHasOne() {
    SlidingWindows windows = SlidingWindows.of(27, 87, 64, 42);
    assertThat(tops(windows)).containsExactly(0);
    assertThat(lefts(windows)).containsExactly(0, 23);
    assertThat(SlidingWindows.of(1, 1, 64, 42).count()).isEqualTo(1);
  }

  @Test
  void theWholeImageIsOneWindow() {
    SlidingWindows windows = SlidingWindows.whole(60, 92);
    assertThat(windows.count()).isEqualTo(1);
    assertThat(windows.windowHeight()).isEqualTo(60);
    assertThat(windows.windowWidth()).isEqualTo(92);
  }

  @Test
  void gapsAndEmptyImagesAreRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SlidingWindows.of(100, 100, 64, 65))
        .withMessageContaining("not every 65");
    assertThatIllegalArgumentException().isThrownBy(() -> SlidingWindows.of(100, 100, 64, 0));
    assertThatIllegalArgumentException().isThrownBy(() -> SlidingWindows.of(0, 100, 64, 42));
    assertThatIllegalArgumentException().isThrownBy(() -> SlidingWindows.whole(1, 0));
  }
}
