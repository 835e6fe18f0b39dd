package io.panamba.tests.golden;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.StoredTensor;
import io.panamba.model.segmentation.LabelMap;
import io.panamba.model.windows.PixelLabels;
import io.panamba.model.windows.SlidingWindows;
import io.panamba.model.windows.WindowedLogits;
import io.panamba.tests.kit.GoldenFiles;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Labels of a head's logits against the original's. */
class PixelLabelsGoldenTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "dense/vim_nano_upernet",
        "dense/vim_nano_upernet_stream",
        "dense/vmamba_nano_upernet"
      })
  void ofOneWindow(String name) {
    try (Checkpoint file = Checkpoint.open(GoldenFiles.path(name + ".expected.safetensors"));
        Arena arena = Arena.ofConfined()) {
      StoredTensor logits = file.find("logits").orElseThrow();
      StoredTensor labels = file.find("labels").orElseThrow();
      int classes = (int) logits.shape().size(1);
      int rows = (int) logits.shape().size(2);
      int columns = (int) logits.shape().size(3);
      int height = (int) labels.shape().size(0);
      int width = (int) labels.shape().size(1);
      WindowedLogits windowed =
          new WindowedLogits(
              SlidingWindows.whole(height, width),
              rows,
              columns,
              classes,
              channelsLast(arena, logits.toFloats(), classes, rows * columns));
      LabelMap map = PixelLabels.of(windowed, height, width, 1);
      byte[] expected = labels.copy(arena).toArray(ValueLayout.JAVA_BYTE);
      for (int i = 0; i < expected.length; i++) {
        assertThat(map.labels()[i]).as("pixel %d", i).isEqualTo(expected[i]);
      }
    }
  }

  private static MemorySegment channelsLast(Arena arena, float[] planes, int channels, int pixels) {
    MemorySegment out = arena.allocate(ValueLayout.JAVA_FLOAT, planes.length);
    for (int c = 0; c < channels; c++) {
      for (int i = 0; i < pixels; i++) {
        out.setAtIndex(ValueLayout.JAVA_FLOAT, (long) i * channels + c, planes[c * pixels + i]);
      }
    }
    return out;
  }
}
