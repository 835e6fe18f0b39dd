package io.panamba.cli;

import io.panamba.model.detection.Box;
import io.panamba.model.detection.Detection;
import io.panamba.model.detection.Mask;
import io.panamba.model.image.RgbImage;
import java.util.List;
import java.util.Locale;

/**
 * What a detector found, on its picture: masks at half strength, boxes, names with scores. The best
 * are drawn last, so that others don't hide them.
 */
final class DetectionOverlay {
  /** Dots around a name. */
  private static final int GAP = 1;

  /** Colours of classes by turns: bright ones that differ, and from most pictures. */
  private static final int[] COLOURS = {
    0xE6194B, 0x3CB44B, 0xFFE119, 0x4363D8, 0xF58231, 0x911EB4, 0x42D4F4, 0xF032E6, 0xBFEF45,
    0xFABED4, 0x469990, 0xDCBEFF, 0xAAFFC3
  };

  private DetectionOverlay() {}

  /**
   * Draws.
   *
   * @param detections the best first
   * @throws IllegalArgumentException if a mask is of a picture of another size
   */
  static RgbImage draw(RgbImage image, List<Detection> detections) {
    Drawing drawing = Drawing.on(image, image.width(), image.height());
    int dot = Drawing.dot(image);
    for (Detection detection : detections.reversed()) {
      detection.pixels().ifPresent(mask -> tint(drawing, mask, colour(detection)));
    }
    for (Detection detection : detections.reversed()) {
      frame(drawing, detection, dot);
    }
    return drawing.image();
  }

  private static int colour(Detection detection) {
    return COLOURS[detection.classIndex() % COLOURS.length];
  }

  private static void tint(Drawing drawing, Mask mask, int colour) {
    if (mask.width() != drawing.width() || mask.height() != drawing.height()) {
      throw new IllegalArgumentException(
          "a mask of %s is not of a picture of %s x %s"
              .formatted(mask, drawing.width(), drawing.height()));
    }
    for (int y = 0; y < mask.height(); y++) {
      for (int x = 0; x < mask.width(); x++) {
        if (mask.contains(x, y)) {
          drawing.tint(x, y, colour);
        }
      }
    }
  }

  private static void frame(Drawing drawing, Detection detection, int dot) {
    Box box = detection.box();
    int left = Math.clamp((long) Math.floor(box.x0()), 0, drawing.width());
    int top = Math.clamp((long) Math.floor(box.y0()), 0, drawing.height());
    int right = Math.clamp((long) Math.ceil(box.x1()), left, drawing.width());
    int bottom = Math.clamp((long) Math.ceil(box.y1()), top, drawing.height());
    int colour = colour(detection);
    drawing.frame(left, top, right - left, bottom - top, dot, colour);
    String text =
        String.format(
            Locale.ROOT, "%s %.2f", Drawing.shortened(detection.name()), detection.score());
    int width = dot * (PixelFont.width(text) + 2 * GAP);
    int height = dot * (PixelFont.HEIGHT + 2 * GAP);
    // Above the box where there is room, else within it; never beyond the picture's right side.
    int nameTop = top >= height ? top - height : top;
    int nameLeft = Math.max(Math.min(left, drawing.width() - width), 0);
    drawing.fill(nameLeft, nameTop, width, height, colour);
    drawing.text(text, nameLeft + dot * GAP, nameTop + dot * GAP, dot, Drawing.readableOn(colour));
  }
}
