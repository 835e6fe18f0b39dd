package io.panamba.jmh;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.VectorGraphicsEncoder.VectorGraphicsFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler.LegendPosition;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Draws files of results as SVG: {@code java -cp jmh/target/benchmarks.jar io.panamba.jmh.Plots
 * docs/plots jmh/results/*.json}.
 */
public final class Plots {
  private static final int WIDTH = 720;
  private static final int HEIGHT = 440;
  private static final List<String> THREADS = List.of("1", "2");

  /** Contestant, then image size, then the value. */
  private final Map<String, Map<Double, Double>> memory = new TreeMap<>();

  private final Map<String, Map<String, Map<Double, Double>>> times = new TreeMap<>();

  private Plots() {}

  /**
   * Draws.
   *
   * @param args the folder of the plots, then files of results
   * @throws IOException if a file can't be read or written
   */
  public static void main(String[] args) throws IOException {
    System.setProperty("java.awt.headless", "true");
    Plots plots = new Plots();
    for (String file : Arrays.asList(args).subList(1, args.length)) {
      plots.read(JsonMapper.shared().readTree(Files.readString(Path.of(file))));
    }
    Path folder = Files.createDirectories(Path.of(args[0]));
    for (String threads : THREADS) {
      plots.draw(
          folder.resolve("time-" + threads + "-thread.svg"),
          "One image, " + threads + (threads.equals("1") ? " thread" : " threads"),
          "milliseconds",
          plots.times.getOrDefault(threads, Map.of()));
    }
    plots.draw(folder.resolve("memory.svg"), "Peak memory above idle", "MiB", plots.memory);
  }

  private void read(JsonNode file) {
    for (JsonNode row : file.path("peakMemory")) {
      memory
          .computeIfAbsent(row.get("contestant").asString(), name -> new TreeMap<>())
          .put(row.get("imageSize").asDouble(), row.get("mebibytesAboveIdle").asDouble());
    }
    for (JsonNode row : file.path("results")) {
      JsonNode parameters = row.path("params");
      if (row.get("benchmark").asString().endsWith("PeerBenchmark.run")
          && parameters.get("batch").asString().equals("1")) {
        times
            .computeIfAbsent(parameters.get("threads").asString(), name -> new TreeMap<>())
            .computeIfAbsent(parameters.get("contestant").asString(), name -> new TreeMap<>())
            .put(
                Double.parseDouble(parameters.get("imageSize").asString()),
                row.get("primaryMetric").get("scorePercentiles").get("50.0").asDouble());
      }
    }
  }

  private void draw(Path file, String title, String unit, Map<String, Map<Double, Double>> series)
      throws IOException {
    if (series.isEmpty()) {
      System.out.println(file + ": no results to draw");
      return;
    }
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(title)
            .xAxisTitle("side of the image in pixels")
            .yAxisTitle(unit)
            .build();
    chart.getStyler().setYAxisLogarithmic(true).setXAxisLogarithmic(true);
    chart.getStyler().setLegendPosition(LegendPosition.InsideNW);
    series.forEach(
        (name, values) ->
            chart.addSeries(name, List.copyOf(values.keySet()), List.copyOf(values.values())));
    VectorGraphicsEncoder.saveVectorGraphic(chart, file.toString(), VectorGraphicsFormat.SVG);
    System.out.println(file);
  }
}
