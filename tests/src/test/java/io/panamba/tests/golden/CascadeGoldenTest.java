package io.panamba.tests.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.boxes.DetectionSelection;
import io.panamba.model.boxes.SelectedBoxes;
import io.panamba.model.cascade.CascadeConfig;
import io.panamba.model.cascade.CascadeRun;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.graph.Program;
import io.panamba.runtime.Device;
import io.panamba.runtime.Shape;
import io.panamba.tests.kit.GoldenFiles;
import io.panamba.tests.kit.Numbers;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.kit.Transpose;
import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A detector in the frame of its input: pyramid, proposals, boxes, scores and masks. */
@OnEveryTier
class CascadeGoldenTest {
  private static final double BOUND = 1e-5;

  /** Float32 moves scores by 4e-5 and boxes by 2e-3 pixels. */
  private static final float SCORE = 2e-4f;

  private static final float PIXELS = 1e-2f;

  /** Masks are read where the boxes lie: they move with them. */
  private static final float MASK = 2e-3f;

  private static final String NAME = "dense/vim_nano_cascade";

  private static void assertMap(Checkpoint expected, String key, float[] map) {
    Shape planes = expected.find(key).orElseThrow().shape();
    Shape flat = Shape.of(planes.size(0), planes.size(1), planes.size(2) * planes.size(3));
    try (Arena arena = Arena.ofConfined()) {
      float[] wanted =
          Transpose.lastAxes(arena, flat, GoldenFiles.floats(expected, key)).toFloats();
      assertThat(Numbers.relativeError(map, wanted)).as(key).isLessThanOrEqualTo(BOUND);
    }
  }

  /** Every so many pixels of a square map, along both sides. */
  private static float[] every(float[] map, int side, int step) {
    int channels = map.length / side / side;
    float[] some = new float[side / step * (side / step) * channels];
    for (int i = 0; i < some.length; i++) {
      int y = i / channels / (side / step) * step;
      int x = i / channels % (side / step) * step;
      some[i] = map[(y * side + x) * channels + i % channels];
    }
    return some;
  }

  @Test
  void everythingInTheFrame() {
    try (Checkpoint expected = Checkpoint.open(GoldenFiles.path(NAME + ".expected.safetensors"));
        Device device = Device.cpu(2);
        Network network = Network.open(GoldenFiles.path(NAME + ".safetensors"), device);
        Inference inference = network.plan(new InferenceOptions(1, 128, 128, false, false, true))) {
      inference.image().copyFrom(GoldenFiles.floats(expected, "image"));
      int[] size = size(expected);
      CascadeConfig config = (CascadeConfig) network.config();
      CascadeRun run = new CascadeRun(inference, config, size[0], size[1]);
      inference.run(Program.FIRST_PART);
      CascadeRun.Found found = run.run(DetectionSelection.DEFAULT, true);

      assertMap(expected, "feature", inference.tap("feature").orElseThrow().toFloats());
      assertMap(expected, "p2.every4", every(tap(inference, "p2"), 32, 4));
      assertMap(expected, "p3.every2", every(tap(inference, "p3"), 16, 2));
      for (String level : List.of("p4", "p5", "p6")) {
        assertMap(expected, level, tap(inference, level));
      }
      assertThat(
              Numbers.relativeError(
                  tap(inference, "objectness.2"), GoldenFiles.floats(expected, "rpn.logits.p4")))
          .isLessThanOrEqualTo(BOUND);
      assertThat(
              Numbers.relativeError(
                  tap(inference, "deltas.2"), GoldenFiles.floats(expected, "rpn.deltas.p4")))
          .isLessThanOrEqualTo(BOUND);
      assertThat(run.propose().boxes())
          .containsExactly(GoldenFiles.floats(expected, "proposals"), within(PIXELS));
      float[] probabilities =
          DetectionSelection.meanProbabilities(
              found.logits(), found.moved().length / 4, config.classes() + 1);
      assertThat(probabilities)
          .containsExactly(GoldenFiles.floats(expected, "probabilities"), within(SCORE));
      assertDetections(expected, found);
    }
  }

  private static float[] tap(Inference inference, String name) {
    return inference.tap(name).orElseThrow().toFloats();
  }

  private static int[] size(Checkpoint expected) {
    byte[] bytes = new byte[16];
    expected.find("size").orElseThrow().read(0, java.lang.foreign.MemorySegment.ofArray(bytes));
    return new int[] {bytes[0] & 0xff, bytes[8] & 0xff};
  }

  private static void assertDetections(Checkpoint expected, CascadeRun.Found found) {
    SelectedBoxes boxes = found.boxes();
    assertThat(boxes.scores())
        .containsExactly(GoldenFiles.floats(expected, "scores"), within(SCORE));
    assertThat(boxes.boxes())
        .containsExactly(GoldenFiles.floats(expected, "boxes"), within(PIXELS));
    assertThat(found.masks()).containsExactly(GoldenFiles.floats(expected, "masks"), within(MASK));
  }
}
