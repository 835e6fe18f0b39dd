package io.panamba.cli;

import io.panamba.model.Labels;
import io.panamba.model.Network;
import io.panamba.model.NonFiniteException;
import io.panamba.model.architecture.Settings;
import io.panamba.model.architecture.Task;
import io.panamba.model.files.PathText;
import io.panamba.model.image.ImageDecoder;
import io.panamba.model.image.RgbImage;
import io.panamba.model.segmentation.ClassShare;
import io.panamba.model.segmentation.Segmentation;
import io.panamba.model.task.SegmentationOptions;
import io.panamba.model.task.Segmenter;
import io.panamba.runtime.Device;
import io.panamba.runtime.PanambaException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Tells the class of every pixel. */
@Command(
    name = "segment",
    description =
        "Tells the class of every pixel: writes a PNG whose samples are the indices of classes, of"
            + " the size of the image as it is displayed, and prints the share of each class.")
final class SegmentCommand implements Callable<Integer>, NetworkOptions.Holder {
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
      description = "A checkpoint of a segmentation network: .pth or .safetensors.")
  private Path weights;

  @Option(
      names = "--output",
      paramLabel = "PATH",
      description = "The PNG to write; of several images, a folder for one of each name.")
  private Path output;

  @Option(
      names = "--overlay",
      paramLabel = "PATH",
      description =
          "A PNG of the image with the colours of the classes over it and a legend below; of"
              + " several images, a folder.")
  private Path overlay;

  @Option(
      names = "--labels",
      paramLabel = "FILE",
      description =
          "Text with a class's name a line (default: those in the checkpoint, else ADE20K's for 150"
              + " classes, else numbers).")
  private Path labels;

  @Option(
      names = "--window",
      paramLabel = "S",
      converter = Count.class,
      description = "The side of a window in pixels (default: as the model was trained).")
  private Integer window;

  @Option(
      names = "--stride",
      paramLabel = "N",
      converter = Count.class,
      description = "Pixels from window to window (default: two thirds of a window).")
  private Integer stride;

  @Option(
      names = "--whole",
      description =
          "See the whole image at once, with sides of multiples of 32 pixels, rather than window by"
              + " window; networks without a position embedding do so always.")
  private boolean whole;

  @Option(names = "--json", description = "Write JSON: a list with an object for each image.")
  private boolean json;

  @Mixin private NetworkOptions networkOptions;
  @Mixin private DeviceOptions device;

  @Override
  public NetworkOptions network() {
    return networkOptions;
  }

  @Override
  public Task task() {
    return Task.SEGMENTATION;
  }

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    FailureLog failures = new FailureLog(spec.qualifiedName(), err::println);
    Inputs inputs = new Inputs().addWeights(weights);
    images.forEach(image -> inputs.add("an image", image));
    PictureOutputs maps = output == null ? null : new PictureOutputs(output, images, inputs);
    PictureOutputs overlays = overlay == null ? null : new PictureOutputs(overlay, images, inputs);
    Settings settings = networkOptions.settings();
    if (window != null) {
      settings = settings.withImageSize(window);
    }
    List<Map<String, Object>> answers = new ArrayList<>();
    try (Device opened = device.open();
        Network network = Network.open(weights, opened, settings)) {
      Labels names =
          labels == null ? network.labels() : Labels.read(labels, network.config().classes());
      SegmentationOptions usual = Segmenter.defaults(network);
      SegmentationOptions options =
          new SegmentationOptions(whole || usual.whole(), stride == null ? 0 : stride);
      ImageDecoder decoder = new ImageDecoder().upright();
      try (Segmenter segmenter = new Segmenter(network, names, 1, options)) {
        for (int i = 0; i < images.size(); i++) {
          Path image = images.get(i);
          Map<String, Object> answer = new LinkedHashMap<>();
          answer.put("image", image);
          try {
            RgbImage picture = decoder.decode(image);
            Segmentation segmentation = segmenter.predict(picture);
            if (maps != null) {
              maps.write(i, PngBytes.indexed(segmentation.labels(), segmentation.palette()));
            }
            if (overlays != null) {
              overlays.write(i, PngBytes.of(SegmentationOverlay.draw(picture, segmentation)));
            }
            add(answer, segmentation);
            if (!json) {
              print(out, image, segmentation);
            }
          } catch (NonFiniteException e) {
            answer.put(
                "error", failures.add(new NonFiniteException(image + ": " + e.getMessage())));
          } catch (PanambaException e) {
            answer.put("error", failures.add(e));
          }
          answers.add(answer);
        }
      }
    }
    if (json) {
      out.println(Json.pretty(answers));
    }
    return failures.count() == 0 ? 0 : 1;
  }

  private static void add(Map<String, Object> answer, Segmentation segmentation) {
    answer.put("height", segmentation.labels().height());
    answer.put("width", segmentation.labels().width());
    List<Map<String, Object>> classes = new ArrayList<>();
    for (ClassShare share : segmentation.present()) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("index", share.classIndex());
      one.put("label", share.name());
      one.put("share", share.share());
      classes.add(one);
    }
    answer.put("classes", classes);
  }

  private static void print(PrintWriter out, Path image, Segmentation segmentation) {
    out.println(PathText.printable(image));
    for (ClassShare share : segmentation.present()) {
      out.printf(
          Locale.ROOT,
          "  %6.2f %%  %5d  %s%n",
          100 * share.share(),
          share.classIndex(),
          PathText.printable(share.name()));
    }
    out.flush();
  }
}
