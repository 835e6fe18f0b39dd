package io.panamba.cli;

import io.panamba.model.image.ImageException;
import io.panamba.model.image.RgbImage;
import io.panamba.model.segmentation.ClassShare;
import io.panamba.model.segmentation.LabelMap;
import io.panamba.model.segmentation.Segmentation;
import java.util.List;
import java.util.Locale;

/**
 * A segmented picture: the colours of classes over it at half strength, and below it a legend of
 * those present, the largest share first. Entries stand in columns, as many as fit; a drawing is
 * wider than its picture where one would not.
 */
final class SegmentationOverlay {
  /** Dots around entries, and between the parts of one. */
  private static final int GAP = 4;

  private static final int SWATCH = PixelFont.HEIGHT;

  /** The smallest share that is written, in percent. */
  private static final double LEAST = 0.1;

  private SegmentationOverlay() {}

  /**
   * Draws.
   *
   * @throws IllegalArgumentException if the picture is of another size than the labels
   * @throws ImageException if the drawing is too large for an array
   */
  static RgbImage draw(RgbImage image, Segmentation segmentation) {
    LabelMap labels = segmentation.labels();
    if (labels.width() != image.width() || labels.height() != image.height()) {
      throw new IllegalArgumentException("%s are not of a picture of %s".formatted(labels, image));
    }
    List<ClassShare> present = segmentation.present();
    int dot = Drawing.dot(image);
    int entry =
        dot
            * (GAP
                + SWATCH
                + GAP
                + present.stream()
                    .mapToInt(share -> PixelFont.width(text(share)))
                    .max()
                    .orElseThrow());
    int width = Math.max(image.width(), entry + dot * GAP);
    int columns = (width - dot * GAP) / entry;
    int rows = (present.size() + columns - 1) / columns;
    long legend = (long) dot * (GAP + rows * (PixelFont.HEIGHT + GAP));
    Drawing drawing = Drawing.on(image, width, image.height() + legend);
    for (int y = 0; y < image.height(); y++) {
      for (int x = 0; x < image.width(); x++) {
        drawing.tint(x, y, segmentation.palette().colour(labels.at(x, y)));
      }
    }
    for (int i = 0; i < present.size(); i++) {
      ClassShare share = present.get(i);
      // Down the columns.
      int left = i / rows * entry + dot * GAP;
      int top = image.height() + dot * (GAP + i % rows * (PixelFont.HEIGHT + GAP));
      int side = dot * SWATCH;
      drawing.fill(left, top, side, side, segmentation.palette().colour(share.classIndex()));
      drawing.frame(left, top, side, side, 1, Drawing.BLACK);
      drawing.text(text(share), left + side + dot * GAP, top, dot, Drawing.BLACK);
    }
    return drawing.image();
  }

  private static String text(ClassShare share) {
    String name = Drawing.shortened(share.name());
    double percent = 100 * share.share();
    return percent < LEAST
        ? String.format(Locale.ROOT, "%s <%.1f %%", name, LEAST)
        : String.format(Locale.ROOT, "%s %.1f %%", name, percent);
  }
}
