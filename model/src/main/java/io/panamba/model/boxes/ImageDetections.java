package io.panamba.model.boxes;

import io.panamba.model.detection.Box;
import io.panamba.model.detection.Detection;
import io.panamba.model.detection.Mask;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Brings detections from the frame of the network's input into the image: boxes are scaled and cut
 * off at its sides, those that are empty then are left out, masks are put into their boxes.
 *
 * @param frameHeight of the image in the frame, without padding
 * @param frameWidth of the image in the frame, without padding
 * @param height of the image in pixels
 * @param width of the image in pixels
 */
public record ImageDetections(int frameHeight, int frameWidth, int height, int width) {
  /**
   * Checks ranges.
   *
   * @throws IllegalArgumentException if one is less than 1
   */
  public ImageDetections {
    if (frameHeight < 1 || frameWidth < 1 || height < 1 || width < 1) {
      throw new IllegalArgumentException(
          "an image and its size in the frame have pixels; %d x %d and %d x %d were given"
              .formatted(width, height, frameWidth, frameHeight));
    }
  }

  /**
   * Makes detections.
   *
   * @param selected in the frame
   * @param masks probabilities, (count, side, side), or null without masks
   * @param side of a mask
   * @param names of the classes
   * @return those that have a part in the image, in their order
   */
  public List<Detection> list(SelectedBoxes selected, float[] masks, int side, List<String> names) {
    float[] boxes = Arrays.copyOf(selected.boxes(), selected.count() * BoxDeltas.SIDES);
    for (int i = 0; i < boxes.length; i += 2) {
      boxes[i] = (float) ((double) boxes[i] * width / frameWidth);
      boxes[i + 1] = (float) ((double) boxes[i + 1] * height / frameHeight);
    }
    BoxDeltas.clip(boxes, selected.count(), height, width);
    List<Detection> detections = new ArrayList<>();
    for (int i = 0; i < selected.count(); i++) {
      int at = i * BoxDeltas.SIDES;
      if (!BoxDeltas.hasArea(boxes, at)) {
        continue;
      }
      Box box = new Box(boxes[at], boxes[at + 1], boxes[at + 2], boxes[at + 3]);
      Mask mask =
          masks == null ? null : MaskPaste.paste(masks, i * side * side, side, box, height, width);
      int index = selected.classes()[i];
      detections.add(new Detection(box, index, names.get(index), selected.scores()[i], mask));
    }
    return detections;
  }
}
