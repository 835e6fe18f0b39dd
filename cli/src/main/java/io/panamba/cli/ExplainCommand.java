package io.panamba.cli;

import io.panamba.model.Labels;
import io.panamba.model.Network;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.Task;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.files.PathText;
import io.panamba.model.image.ImageDecoder;
import io.panamba.model.image.RgbImage;
import io.panamba.model.task.Explainer;
import io.panamba.model.task.Explanation;
import io.panamba.model.task.HeatMap;
import io.panamba.runtime.Device;
import io.panamba.runtime.PanambaException;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows where a network sees what it names. */
@Command(
    name = "explain",
    description =
        "Shows where a network sees a class (Grad-CAM), or, with --field, how far around the centre"
            + " of an image its features reach (the effective receptive field).")
final class ExplainCommand implements Callable<Integer>, NetworkOptions.Holder {
  /** Small images are drawn larger, by a whole factor. */
  private static final int SMALLEST_DRAWING = 256;

  @Spec private CommandSpec spec;

  @Parameters(
      arity = "1..*",
      paramLabel = "IMAGE",
      description =
          "A JPEG, PNG, GIF, BMP, TIFF or WebP file; with --field several, of which the mean is"
              + " taken.")
  private List<Path> images;

  @Option(
      names = "--weights",
      paramLabel = "FILE",
      description =
          "A checkpoint: .pth or .safetensors (default: the model of handwritten digits that"
              + " comes with panamba).")
  private Path weights;

  @Option(
      names = "--labels",
      paramLabel = "FILE",
      description = "Text with a class's name a line, as of classify.")
  private Path labels;

  @Option(
      names = "--class",
      paramLabel = "NAME|INDEX",
      description = "The class to look for (default: the most probable one).")
  private String wanted;

  @Option(names = "--field", description = "The effective receptive field.")
  private boolean field;

  @Option(
      names = "--output",
      paramLabel = "FILE",
      description = "The PNG to write: the map over the image, or a field alone, with a caption.")
  private Path output;

  @Option(
      names = "--tensor",
      paramLabel = "FILE",
      description = "A .safetensors file to write, with the numbers as 'map' (H,W).")
  private Path tensor;

  @Option(names = "--json", description = "Write JSON: class, probability and map.")
  private boolean json;

  @Mixin private NetworkOptions networkOptions;
  @Mixin private DeviceOptions device;

  @Override
  public NetworkOptions network() {
    return networkOptions;
  }

  @Override
  public Task task() {
    return Task.CLASSIFICATION;
  }

  @Override
  public Integer call() throws IOException {
    if (images.size() > 1 && !field) {
      throw new ParameterException(
          spec.commandLine(), "several images are for --field; one is explained");
    }
    if (!device.isCpu()) {
      throw new PanambaException("gradients are formed on the processor, not on a GPU");
    }
    Inputs inputs = new Inputs();
    images.forEach(image -> inputs.add("an image", image));
    if (weights != null) {
      inputs.addWeights(weights);
    }
    PictureOutputs picture =
        output == null ? null : new PictureOutputs(output, images.subList(0, 1), inputs);
    OutputFile numbers = tensor == null ? null : new OutputFile(tensor, inputs);
    ImageDecoder decoder = new ImageDecoder();
    try (Device opened = device.open();
        Checkpoint checkpoint =
            weights == null ? Network.defaultCheckpoint() : Checkpoint.open(weights);
        Explainer explainer = Explainer.load(checkpoint, opened, networkOptions.settings())) {
      List<RgbImage> pictures = new ArrayList<>();
      for (Path image : images) {
        pictures.add(decoder.decode(image));
      }
      HeatMap map;
      Supplier<RgbImage> drawing;
      if (field) {
        map = field(explainer, pictures);
        drawing = () -> drawing(explainer, map);
      } else {
        Labels names = names(explainer);
        RgbImage shown = pictures.getFirst();
        Explanation explanation = explanation(explainer, names, shown);
        String name = names.name(explanation.classIndex());
        map = explanation.map();
        drawing = () -> drawing(explainer, shown, explanation, name);
      }
      if (picture != null) {
        picture.write(0, PngBytes.of(drawing.get()));
      }
      if (numbers != null) {
        try (Arena arena = Arena.ofConfined()) {
          numbers.write(Map.of("map", map.tensor(arena)), Map.of());
        }
      }
    }
    return 0;
  }

  private HeatMap field(Explainer explainer, List<RgbImage> pictures) {
    HeatMap map = explainer.receptiveField(pictures);
    print(new LinkedHashMap<>(), map);
    if (!json) {
      out().printf(Locale.ROOT, "receptive field of %s x %s pixels%n", map.width(), map.height());
    }
    return map;
  }

  private Labels names(Explainer explainer) {
    return labels == null ? explainer.labels() : Labels.read(labels, explainer.config().classes());
  }

  private Explanation explanation(Explainer explainer, Labels names, RgbImage picture) {
    int classes = explainer.config().classes();
    Explanation explanation =
        explainer.explain(picture, index(names, classes), Duration.ofNanos(Long.MAX_VALUE));
    String name = names.name(explanation.classIndex());
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("image", images.getFirst());
    answer.put("index", explanation.classIndex());
    answer.put("label", name);
    answer.put("probability", explanation.probability());
    print(answer, explanation.map());
    if (!json) {
      out().println(PathText.printable(images.getFirst()));
      out()
          .printf(
              Locale.ROOT,
              "  %6.2f %%  %5d  %s%n",
              100 * explanation.probability(),
              explanation.classIndex(),
              PathText.printable(name));
    }
    return explanation;
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }

  private int index(Labels names, int classes) {
    if (wanted == null) {
      return -1;
    }
    for (int i = 0; i < classes; i++) {
      if (names.name(i).equals(wanted)) {
        return i;
      }
    }
    if (wanted.matches("[0-9]{1,9}") && Integer.parseInt(wanted) < classes) {
      return Integer.parseInt(wanted);
    }
    throw new PanambaException(
        "the network has no class '%s' among its %s"
            .formatted(PathText.printable(wanted), classes));
  }

  private void print(Map<String, Object> answer, HeatMap map) {
    if (json) {
      answer.put("height", map.height());
      answer.put("width", map.width());
      List<Float> values = new ArrayList<>();
      for (float value : map.values()) {
        values.add(value);
      }
      answer.put("map", values);
      out().println(Json.pretty(answer));
    }
  }

  /** What the network saw, with the map over it. */
  private static RgbImage drawing(
      Explainer explainer, RgbImage picture, Explanation explanation, String name) {
    ImageSize size = drawn(explainer);
    ImageSize image = explainer.config().image();
    RgbImage seen =
        explainer
            .config()
            .preprocessing()
            .transform(image.height(), image.width())
            .resizeAndCrop(picture)
            .resize(size.width(), size.height());
    String caption =
        String.format(
            Locale.ROOT, "%s %.1f %%", Drawing.shortened(name), 100 * explanation.probability());
    return HeatOverlay.over(seen, explanation.map().scaled(), List.of(caption));
  }

  /** A field in logarithms, as it falls off steeply; the scale of RepLKNet's drawings. */
  private static RgbImage drawing(Explainer explainer, HeatMap field) {
    float[] logarithms = field.values().clone();
    for (int i = 0; i < logarithms.length; i++) {
      logarithms[i] = (float) Math.log10(logarithms[i] + 1);
    }
    ImageSize size = drawn(explainer);
    return HeatOverlay.alone(
        size.width(),
        size.height(),
        new HeatMap(field.height(), field.width(), logarithms).scaled(),
        List.of("effective receptive field", "log10(1 + gradient) / largest"));
  }

  private static ImageSize drawn(Explainer explainer) {
    ImageSize image = explainer.config().image();
    int enlarged = Math.max(1, SMALLEST_DRAWING / Math.max(image.height(), image.width()));
    return new ImageSize(enlarged * image.height(), enlarged * image.width());
  }
}
