package io.panamba.tests.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.Network;
import io.panamba.model.architecture.Settings;
import io.panamba.model.image.ImageDecoder;
import io.panamba.model.image.RgbImage;
import io.panamba.model.task.Classifier;
import io.panamba.model.training.Dataset;
import io.panamba.model.training.LabelledDataset;
import io.panamba.model.training.Split;
import io.panamba.runtime.Device;
import io.panamba.tests.training.Digits;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.Shape;
import java.awt.geom.Arc2D;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The model that comes with Panamba. */
class DefaultModelTest {
  private static final int CANVAS = 280;

  private final Device device = Device.cpu(2);
  private final Network vim = Network.openDefault(device, Settings.none());
  private Classifier classifier;

  @BeforeEach
  void plan() {
    classifier = new Classifier(vim, vim.labels(), 1);
  }

  @AfterEach
  void close() {
    classifier.close();
    vim.close();
    device.close();
  }

  private String name(RgbImage image) {
    return classifier.classify(image, 1).getFirst().label();
  }

  /** The fifth that tools/train-digits holds out. */
  @Test
  void knowsDigitsThatItNeverSaw() {
    try (LabelledDataset digits = (LabelledDataset) Dataset.open(Digits.file())) {
      int[] heldOut = Split.of(digits.size(), 0.2, 0).heldOut();
      int right = 0;
      for (int index : heldOut) {
        right += name(digits.image(index)).equals(Integer.toString(digits.label(index))) ? 1 : 0;
      }
      assertThat(heldOut).hasSize(359);
      assertThat(right / 359.0).isGreaterThanOrEqualTo(0.98);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 5, 7, 8})
  void knowsTheReadmesDigits(int digit) {
    Path file = Path.of("..", "docs", "images", "digit-%d.png".formatted(digit));
    assertThat(name(new ImageDecoder().decode(file))).isEqualTo(Integer.toString(digit));
  }

  /** As in a paint program: a few strokes of a round brush, dark on light or light on dark. */
  @ParameterizedTest
  @CsvSource({"14, false", "14, true", "20, false", "26, true"})
  void knowsMostDrawnDigits(float brush, boolean inverted) {
    int right = 0;
    for (int digit = 0; digit < 10; digit++) {
      right += name(drawn(digit, brush, inverted)).equals(Integer.toString(digit)) ? 1 : 0;
    }
    assertThat(right).isGreaterThanOrEqualTo(9);
  }

  private static RgbImage drawn(int digit, float brush, boolean inverted) {
    BufferedImage canvas = new BufferedImage(CANVAS, CANVAS, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = canvas.createGraphics();
    graphics.setColor(inverted ? Color.BLACK : Color.WHITE);
    graphics.fillRect(0, 0, CANVAS, CANVAS);
    graphics.setColor(inverted ? Color.WHITE : Color.BLACK);
    graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    graphics.setStroke(new BasicStroke(brush, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
    strokes(digit).forEach(graphics::draw);
    graphics.dispose();
    return RgbImage.of(canvas);
  }

  private static List<Shape> strokes(int digit) {
    return switch (digit) {
      case 0 -> List.of(arc(140, 140, 55, 85, 0, 360));
      case 1 -> List.of(lines(105, 95, 145, 55, 145, 225));
      case 2 -> List.of(arc(140, 105, 50, 50, 170, -210), lines(185, 128, 90, 225, 195, 225));
      case 3 -> List.of(arc(135, 97, 48, 42, 150, -240), arc(135, 182, 52, 43, 90, -240));
      case 4 -> List.of(lines(150, 55, 80, 165, 200, 165), lines(160, 110, 160, 230));
      case 5 -> List.of(lines(190, 57, 105, 57, 98, 130), arc(135, 172, 52, 50, 130, -270));
      case 6 -> List.of(arc(190, 150, 105, 100, 110, 75), arc(140, 180, 50, 48, 0, 360));
      case 7 -> List.of(lines(85, 60, 195, 60, 120, 228));
      case 8 -> List.of(arc(140, 98, 38, 42, 0, 360), arc(140, 182, 46, 43, 0, 360));
      case 9 -> List.of(arc(138, 103, 46, 46, 0, 360), lines(184, 105, 176, 228));
      default -> throw new IllegalArgumentException("no digit " + digit);
    };
  }

  private static Shape arc(
      double x, double y, double halfWidth, double halfHeight, double start, double extent) {
    return new Arc2D.Double(
        x - halfWidth, y - halfHeight, 2 * halfWidth, 2 * halfHeight, start, extent, Arc2D.OPEN);
  }

  private static Shape lines(double... points) {
    Path2D path = new Path2D.Double();
    for (int i = 2; i < points.length; i += 2) {
      path.append(new Line2D.Double(points[i - 2], points[i - 1], points[i], points[i + 1]), true);
    }
    return path;
  }
}
