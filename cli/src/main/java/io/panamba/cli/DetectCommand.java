package io.panamba.cli;

import io.panamba.model.Labels;
import io.panamba.model.Network;
import io.panamba.model.NonFiniteException;
import io.panamba.model.architecture.Task;
import io.panamba.model.detection.Box;
import io.panamba.model.detection.Detection;
import io.panamba.model.files.PathText;
import io.panamba.model.image.ImageDecoder;
import io.panamba.model.image.RgbImage;
import io.panamba.model.task.DetectionOptions;
import io.panamba.model.task.Detector;
import io.panamba.runtime.Device;
import io.panamba.runtime.PanambaException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** Finds things on images. */
@Command(
    name = "detect",
    description =
        "Finds things on images: prints a line for each with score, class and box, or writes"
            + " COCO's results with masks.")
final class DetectCommand implements Callable<Integer>, NetworkOptions.Holder {
  @Spec private CommandSpec spec;

  @Parameters(
      arity = "1..*",
      paramLabel = "IMAGE",
      description = "JPEG, PNG, GIF, BMP, TIFF or WebP files.")
  private List<Path> images;

  @Option(
      names = "--weights",
      required = true,
      paramLabel = "FILE",
      description = "A checkpoint of a detector: .pth or .safetensors.")
  private Path weights;

  @Option(
      names = "--overlay",
      paramLabel = "PATH",
      description =
          "A PNG of the image with boxes, names and masks over it; of several images, a folder for"
              + " one of each name.")
  private Path overlay;

  @Option(
      names = "--labels",
      paramLabel = "FILE",
      description =
          "Text with a class's name a line (default: those in the checkpoint, else COCO's for 80"
              + " classes, else numbers).")
  private Path labels;

  @Option(
      names = "--score",
      paramLabel = "T",
      defaultValue = "0.05",
      converter = Score.class,
      description = "The score that a detection is above, 0 to 1 (default: ${DEFAULT-VALUE}).")
  private float score;

  @Option(
      names = "--best",
      paramLabel = "N",
      defaultValue = "100",
      converter = Count.class,
      description = "Detections of an image, at most (default: ${DEFAULT-VALUE}).")
  private int best;

  @Option(names = "--no-masks", description = "Find boxes alone: the mask head does not run.")
  private boolean boxesAlone;

  @Option(
      names = "--json",
      description = "Write JSON: one list of COCO's results, with masks as compressed run lengths.")
  private boolean json;

  @Mixin private NetworkOptions networkOptions;
  @Mixin private DeviceOptions device;

  @Override
  public NetworkOptions network() {
    return networkOptions;
  }

  @Override
  public Task task() {
    return Task.DETECTION;
  }

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    FailureLog failures = new FailureLog(spec.qualifiedName(), err::println);
    Inputs inputs = new Inputs().addWeights(weights);
    images.forEach(image -> inputs.add("an image", image));
    PictureOutputs overlays = overlay == null ? null : new PictureOutputs(overlay, images, inputs);
    List<Map<String, Object>> results = new ArrayList<>();
    try (Device opened = device.open();
        Network network = Network.open(weights, opened, networkOptions.settings())) {
      int classes = network.config().classes();
      Labels names = labels == null ? network.labels() : Labels.read(labels, classes);
      ImageDecoder decoder = new ImageDecoder().upright();
      DetectionOptions options = new DetectionOptions(score, best, !boxesAlone);
      try (Detector detector = new Detector(network, names, 1, options)) {
        for (int i = 0; i < images.size(); i++) {
          Path image = images.get(i);
          try {
            RgbImage picture = decoder.decode(image);
            List<Detection> detections = detector.predict(picture);
            if (overlays != null) {
              overlays.write(i, PngBytes.of(DetectionOverlay.draw(picture, detections)));
            }
            results.addAll(CocoResults.of(CocoResults.imageId(image, i), detections, classes));
            if (!json) {
              print(out, image, detections);
            }
          } catch (NonFiniteException e) {
            failures.add(new NonFiniteException(image + ": " + e.getMessage()));
          } catch (PanambaException e) {
            failures.add(e);
          }
        }
      }
    }
    if (json) {
      out.println(Json.pretty(results));
    }
    return failures.count() == 0 ? 0 : 1;
  }

  private static void print(PrintWriter out, Path image, List<Detection> detections) {
    out.println(PathText.printable(image));
    for (Detection detection : detections) {
      Box box = detection.box();
      out.printf(
          Locale.ROOT,
          "  %6.2f %%  %-16s  %.1f,%.1f %.1fx%.1f%n",
          100 * detection.score(),
          PathText.printable(detection.name()),
          box.x0(),
          box.y0(),
          box.width(),
          box.height());
    }
    out.flush();
  }

  /** A number from 0 to 1. */
  static final class Score implements ITypeConverter<Float> {
    @Override
    public Float convert(String value) {
      try {
        float score = Float.parseFloat(value);
        if (score >= 0 && score <= 1) {
          return score;
        }
      } catch (NumberFormatException _) {
        // Below.
      }
      throw new TypeConversionException("expected a number from 0 to 1, not '%s'".formatted(value));
    }
  }
}
