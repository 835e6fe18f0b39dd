package io.panamba.cli;

import io.panamba.model.Labels;
import io.panamba.model.Network;
import io.panamba.model.NonFiniteException;
import io.panamba.model.files.PathText;
import io.panamba.model.image.ImageDecoder;
import io.panamba.model.task.Classification;
import io.panamba.model.task.Classifier;
import io.panamba.runtime.Device;
import io.panamba.runtime.PanambaException;
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

/** Names what images show. */
@Command(name = "classify", description = "Names what images show.")
final class ClassifyCommand implements Callable<Integer>, NetworkOptions.Holder {
  @Spec private CommandSpec spec;

  @Parameters(
      arity = "1..*",
      paramLabel = "IMAGE",
      description = "JPEG, PNG, GIF, BMP, TIFF or WebP files.")
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
      description =
          "Text with a class's name a line (default: those in the checkpoint, else ImageNet's for"
              + " 1000 classes, else numbers).")
  private Path labels;

  @Option(
      names = "--top",
      paramLabel = "K",
      defaultValue = "5",
      converter = Count.class,
      description = "Classes to show (default: ${DEFAULT-VALUE}).")
  private int top;

  @Option(names = "--json", description = "Write JSON: a list with an object for each image.")
  private boolean json;

  @Mixin private NetworkOptions networkOptions;
  @Mixin private DeviceOptions device;

  @Override
  public NetworkOptions network() {
    return networkOptions;
  }

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    FailureLog failures = new FailureLog(spec.qualifiedName(), err::println);
    List<Map<String, Object>> answers = new ArrayList<>();
    try (Device opened = device.open();
        Network network = network(opened, err)) {
      Labels names =
          labels == null ? network.labels() : Labels.read(labels, network.config().classes());
      ImageDecoder decoder = new ImageDecoder();
      try (Classifier classifier = new Classifier(network, names, 1)) {
        for (Path image : images) {
          Map<String, Object> answer = new LinkedHashMap<>();
          answer.put("image", image);
          try {
            List<Classification> classes = classifier.classify(decoder.decode(image), top);
            answer.put("classes", classes.stream().map(ClassifyCommand::toJson).toList());
            if (!json) {
              print(out, image, classes);
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

  private Network network(Device opened, PrintWriter err) {
    if (weights != null) {
      return Network.open(weights, opened, networkOptions.settings());
    }
    err.println(
        "no --weights: this is Panamba's own model of handwritten digits, which knows nothing"
            + " else");
    return Network.openDefault(opened, networkOptions.settings());
  }

  private static Map<String, Object> toJson(Classification classification) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("index", classification.index());
    object.put("label", classification.label());
    object.put("probability", classification.probability());
    object.put("logit", classification.logit());
    return object;
  }

  private static void print(PrintWriter out, Path image, List<Classification> classes) {
    out.println(PathText.printable(image));
    for (Classification c : classes) {
      String label = PathText.printable(c.label());
      out.printf(Locale.ROOT, "  %6.2f %%  %5d  %s%n", 100 * c.probability(), c.index(), label);
    }
    out.flush();
  }
}
