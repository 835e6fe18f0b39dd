package io.panamba.cli;

import io.panamba.model.training.EpochMetrics;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * Curves of a training as SVG: losses above, accuracy below.
 *
 * @param epochs at least one
 */
record CurvePlot(List<EpochMetrics> epochs) {
  private static final int WIDTH = 720;
  private static final int HEIGHT = 240;
  private static final int LEFT = 60;
  private static final int RIGHT = 20;
  private static final int TOP = 30;
  private static final int BOTTOM = 30;
  private static final int TICKS = 4;

  private record Curve(String name, String colour, ToDoubleFunction<EpochMetrics> value) {}

  String svg() {
    StringBuilder svg = new StringBuilder();
    svg.append(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%s\" height=\"%s\" font-family=\"sans-serif\" font-size=\"12\">\n"
            .formatted(WIDTH, 2 * HEIGHT));
    svg.append("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
    panel(
        svg,
        0,
        List.of(
            new Curve("training loss", "#1f77b4", EpochMetrics::trainingLoss),
            new Curve("loss of images held out", "#d62728", EpochMetrics::heldOutLoss)));
    panel(
        svg,
        HEIGHT,
        List.of(
            new Curve(
                "%% of %s held out that are right".formatted(ofPixels() ? "pixels" : "images"),
                "#2ca02c",
                epoch -> 100 * epoch.heldOutAccuracy()),
            new Curve("mIoU in %", "#9467bd", epoch -> 100 * epoch.heldOutIou())));
    return svg.append("</svg>\n").toString();
  }

  private void panel(StringBuilder svg, int top, List<Curve> all) {
    List<Curve> curves = all.stream().filter(this::hasPoints).toList();
    double[] values =
        curves.stream()
            .flatMapToDouble(curve -> epochs.stream().mapToDouble(curve.value))
            .filter(Double::isFinite)
            .toArray();
    if (values.length == 0) {
      return;
    }
    double low = Arrays.stream(values).min().orElseThrow();
    double high = Arrays.stream(values).max().orElseThrow();
    double range = high > low ? high - low : 1;
    for (int i = 0; i <= TICKS; i++) {
      double value = low + range * i / TICKS;
      double y = y(top, (value - low) / range);
      svg.append(
          String.format(
              Locale.ROOT,
              "<path d=\"M%d %.1fH%d\" stroke=\"#ddd\"/><text x=\"%d\" y=\"%.1f\""
                  + " text-anchor=\"end\">%.4g</text>\n",
              LEFT,
              y,
              WIDTH - RIGHT,
              LEFT - 6,
              y + 4,
              value));
    }
    int nameX = LEFT;
    for (Curve curve : curves) {
      svg.append(
          "<text x=\"%s\" y=\"%s\" fill=\"%s\">%s</text>\n"
              .formatted(nameX, top + TOP - 10, curve.colour, curve.name));
      nameX += 240;
      String points =
          epochs.stream()
              .filter(epoch -> Double.isFinite(curve.value.applyAsDouble(epoch)))
              .map(
                  epoch ->
                      String.format(
                          Locale.ROOT,
                          "%.1f,%.1f",
                          x(epoch.epoch()),
                          y(top, (curve.value.applyAsDouble(epoch) - low) / range)))
              .collect(Collectors.joining(" "));
      svg.append(
          "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" points=\"%s\"/>\n"
              .formatted(curve.colour, points));
    }
    svg.append(
        String.format(
            Locale.ROOT,
            "<text x=\"%d\" y=\"%d\">epoch 1</text><text x=\"%d\" y=\"%d\""
                + " text-anchor=\"end\">%d</text>\n",
            LEFT,
            top + HEIGHT - BOTTOM + 18,
            WIDTH - RIGHT,
            top + HEIGHT - BOTTOM + 18,
            epochs.getLast().epoch()));
  }

  private boolean ofPixels() {
    return Double.isFinite(epochs.getLast().heldOutIou());
  }

  private boolean hasPoints(Curve curve) {
    return epochs.stream().mapToDouble(curve.value).anyMatch(Double::isFinite);
  }

  private double x(int epoch) {
    int last = epochs.getLast().epoch();
    double part = last == 1 ? 0.5 : (epoch - 1.0) / (last - 1);
    return LEFT + part * (WIDTH - LEFT - RIGHT);
  }

  private static double y(int top, double part) {
    return top + HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM);
  }
}
