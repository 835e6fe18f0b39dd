package io.panamba.tests.golden;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.boxes.AnchorGrid;
import io.panamba.model.boxes.BoxDeltas;
import io.panamba.model.boxes.DetectionSelection;
import io.panamba.model.boxes.ImageDetections;
import io.panamba.model.boxes.MaskPaste;
import io.panamba.model.boxes.ProposalSelection;
import io.panamba.model.boxes.Proposals;
import io.panamba.model.boxes.PyramidLevel;
import io.panamba.model.boxes.SelectedBoxes;
import io.panamba.model.boxes.Suppression;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.detection.Box;
import io.panamba.model.detection.Detection;
import io.panamba.model.detection.Mask;
import io.panamba.tests.kit.GoldenFiles;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** The arithmetic of a detector's boxes and masks against the original's in double precision. */
class BoxesGoldenTest {
  private static final String NMS = "nms.safetensors";
  private static final String DECODE = "box_decode.safetensors";
  private static final String PASTE = "mask_paste.safetensors";
  private static final String CASCADE = "dense/vim_nano_cascade.expected.safetensors";
  private static final int SIDE = 28;

  /** Sides are rounded to float32 once here and once in the file. */
  private static final Offset<Float> ROUNDING = Offset.offset(1e-4f);

  private static Checkpoint open(String name) {
    return Checkpoint.open(GoldenFiles.path(name));
  }

  private static int[] ints(Checkpoint file, String key) {
    try (Arena arena = Arena.ofConfined()) {
      return Arrays.stream(
              file.find(key).orElseThrow().copy(arena).toArray(ValueLayout.JAVA_LONG_UNALIGNED))
          .mapToInt(Math::toIntExact)
          .toArray();
    }
  }

  private static byte[] bytes(Checkpoint file, String key) {
    try (Arena arena = Arena.ofConfined()) {
      return file.find(key).orElseThrow().copy(arena).toArray(ValueLayout.JAVA_BYTE);
    }
  }

  @Test
  void suppression() {
    try (Checkpoint file = open(NMS)) {
      float[] boxes = GoldenFiles.floats(file, "boxes");
      float[] scores = GoldenFiles.floats(file, "scores");
      int count = scores.length;
      int[] one = new int[count];
      assertThat(Suppression.keep(boxes, scores, one, count, 0.5, count))
          .isEqualTo(ints(file, "keep5"));
      assertThat(Suppression.keep(boxes, scores, one, count, 0.7, count))
          .isEqualTo(ints(file, "keep7"));
      int[] grouped = ints(file, "keep5.grouped");
      assertThat(Suppression.keep(boxes, scores, ints(file, "group"), count, 0.5, count))
          .isEqualTo(grouped);
      assertThat(Suppression.keep(boxes, scores, ints(file, "group"), count, 0.5, 10))
          .isEqualTo(Arrays.copyOf(grouped, 10));
    }
  }

  @Test
  void suppressionOfBoxesAtTheLimit() {
    try (Checkpoint file = open(NMS)) {
      float[] boxes = GoldenFiles.floats(file, "touching.boxes");
      float[] scores = GoldenFiles.floats(file, "touching.scores");
      for (int tenths : new int[] {5, 7}) {
        assertThat(Suppression.keep(boxes, scores, new int[5], 5, tenths / 10.0, 5))
            .isEqualTo(ints(file, "touching.keep" + tenths));
      }
    }
  }

  @Test
  void levelsOfThePyramid() {
    try (Checkpoint file = open(NMS)) {
      float[] boxes = GoldenFiles.floats(file, "level.boxes");
      int[] expected = ints(file, "level");
      for (int i = 0; i < expected.length; i++) {
        assertThat(PyramidLevel.of(boxes, 4 * i)).as("box %d", i).isEqualTo(expected[i]);
      }
    }
  }

  @Test
  void anchors() {
    try (Checkpoint file = open(DECODE)) {
      for (int level = 2; level <= 6; level++) {
        AnchorGrid anchors = new AnchorGrid(8 << level, 1 << level, 2, 2);
        assertThat(anchors.boxes())
            .containsExactly(GoldenFiles.floats(file, "anchors.p" + level), ROUNDING);
      }
    }
  }

  @Test
  void deltas() {
    try (Checkpoint file = open(DECODE)) {
      float[] boxes = GoldenFiles.floats(file, "boxes");
      float[] deltas = GoldenFiles.floats(file, "deltas");
      int count = boxes.length / 4;
      for (int weight : new int[] {1, 10, 20, 30}) {
        BoxDeltas rule = new BoxDeltas(weight, weight == 1 ? 1 : weight / 2);
        float[] moved = rule.decode(boxes, deltas, count);
        assertRelative(moved, GoldenFiles.floats(file, "w" + weight));
        BoxDeltas.clip(moved, count, 60, 80);
        assertRelative(moved, GoldenFiles.floats(file, "clipped.w" + weight));
      }
    }
  }

  private static void assertRelative(float[] actual, float[] expected) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      float bound = 1e-5f + 1e-6f * Math.abs(expected[i]);
      assertThat(actual[i]).as("side %d", i).isCloseTo(expected[i], Offset.offset(bound));
    }
  }

  @Test
  void pastedMasks() {
    try (Checkpoint file = open(PASTE)) {
      int[] size = ints(file, "size");
      float[] boxes = GoldenFiles.floats(file, "boxes");
      float[] masks = GoldenFiles.floats(file, "masks");
      byte[] pasted = bytes(file, "pasted");
      int[] areas = ints(file, "area");
      JsonNode runs = new ObjectMapper().readTree(file.metadata().get("rle"));
      for (int i = 0; i < areas.length; i++) {
        Box box = new Box(boxes[4 * i], boxes[4 * i + 1], boxes[4 * i + 2], boxes[4 * i + 3]);
        Mask mask = MaskPaste.paste(masks, i * SIDE * SIDE, SIDE, box, size[0], size[1]);
        assertThat(mask.area()).as("pixels of mask %d", i).isEqualTo(areas[i]);
        assertPixels(mask, pasted, i);
        assertThat(mask.compressedCounts()).isEqualTo(runs.get(i).get("counts").asString());
      }
    }
  }

  private static void assertPixels(Mask mask, byte[] bits, int index) {
    int rowBytes = (mask.width() + 7) / 8;
    for (int y = 0; y < mask.height(); y++) {
      for (int x = 0; x < mask.width(); x++) {
        int eight = bits[(index * mask.height() + y) * rowBytes + x / 8];
        assertThat(mask.contains(x, y))
            .as("pixel (%d, %d) of mask %d", x, y, index)
            .isEqualTo((eight >> (7 - x % 8) & 1) == 1);
      }
    }
  }

  /** The file has what the head gave for one level; its boxes are found among those of all. */
  @Test
  void proposals() {
    try (Checkpoint file = open(CASCADE)) {
      int[] size = ints(file, "size");
      ProposalSelection selection = new ProposalSelection(size[0], size[1]);
      selection.add(
          new AnchorGrid(128, 16, 8, 8),
          GoldenFiles.floats(file, "rpn.logits.p4"),
          GoldenFiles.floats(file, "rpn.deltas.p4"));
      Proposals proposals = selection.finish();
      assertThat(proposals.count()).isGreaterThan(20);
      float[] boxes = GoldenFiles.floats(file, "proposals");
      float[] logits = GoldenFiles.floats(file, "objectness");
      int at = 0;
      for (int i = 0; i < proposals.count(); i++) {
        while (at < logits.length && !isSame(proposals, i, boxes, logits[at], at)) {
          at++;
        }
        assertThat(at).as("place of proposal %d", i).isLessThan(logits.length);
      }
    }
  }

  private static boolean isSame(Proposals proposals, int i, float[] boxes, float logit, int at) {
    for (int side = 0; side < 4; side++) {
      if (Math.abs(proposals.boxes()[4 * i + side] - boxes[4 * at + side]) > 1e-3) {
        return false;
      }
    }
    return Math.abs(proposals.logits()[i] - logit) < 1e-5;
  }

  private static SelectedBoxes detections(Checkpoint file) {
    int[] size = ints(file, "size");
    float[] boxes = GoldenFiles.floats(file, "cascade_boxes");
    float[] probabilities = GoldenFiles.floats(file, "probabilities");
    return DetectionSelection.DEFAULT.select(
        boxes, probabilities, boxes.length / 4, 5, size[0], size[1]);
  }

  @Test
  void detectionsInTheFrame() {
    try (Checkpoint file = open(CASCADE)) {
      SelectedBoxes selected = detections(file);
      assertThat(selected.classes()).isEqualTo(ints(file, "classes"));
      assertThat(selected.scores()).isEqualTo(GoldenFiles.floats(file, "scores"));
      assertThat(selected.boxes()).containsExactly(GoldenFiles.floats(file, "boxes"), ROUNDING);
    }
  }

  @Test
  void detectionsOnThePicture() {
    try (Checkpoint file = open(CASCADE)) {
      int[] size = ints(file, "size");
      float[] boxes = GoldenFiles.floats(file, "png.boxes");
      int[] classes = ints(file, "png.classes");
      byte[] masks = bytes(file, "png.masks");
      JsonNode runs = new ObjectMapper().readTree(file.metadata().get("rle"));
      List<Detection> found =
          new ImageDetections(size[0], size[1], 97, 150)
              .list(
                  detections(file),
                  GoldenFiles.floats(file, "masks"),
                  SIDE,
                  List.of("a", "b", "c", "d", "e"));
      assertThat(found).hasSize(classes.length);
      for (int i = 0; i < classes.length; i++) {
        Detection detection = found.get(i);
        Box box = detection.box();
        assertThat(detection.classIndex()).isEqualTo(classes[i]);
        assertThat(new float[] {box.x0(), box.y0(), box.x1(), box.y1()})
            .containsExactly(Arrays.copyOfRange(boxes, 4 * i, 4 * i + 4), ROUNDING);
        assertPixels(detection.mask(), masks, i);
        assertThat(detection.mask().compressedCounts())
            .isEqualTo(runs.get(i).get("counts").asString());
      }
    }
  }
}
