package io.panamba.cli;

import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.NonFiniteException;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.PreprocessingSettings;
import io.panamba.model.architecture.Setting;
import io.panamba.model.files.PathText;
import io.panamba.model.image.ImageException;
import io.panamba.model.image.ImageSource;
import io.panamba.model.image.LargeImage;
import io.panamba.model.image.Preprocessing;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.PanambaException;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes the features of many images. */
@Command(
    name = "embed",
    description =
        "Writes the features of images as the tensor 'features' (N,D), in the order of their sorted"
            + " paths, which the file's metadata lists under 'paths'. Images that can't be read are"
            + " reported and left out. In folders, files with an image's ending are taken, links"
            + " are followed, and hidden files and folders are left out; a line counts what is.")
final class EmbedCommand implements Callable<Integer>, NetworkOptions.Holder {
  private static final String MEMORY = "memory";

  @Spec private CommandSpec spec;

  @Parameters(
      arity = "0..*",
      paramLabel = "PATH",
      description = "Image files, and folders to search for them.")
  private List<Path> paths = List.of();

  @Option(
      names = "--weights",
      required = true,
      paramLabel = "FILE",
      description = "A checkpoint: .pth or .safetensors.")
  private Path weights;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "FILE",
      description = "The .safetensors file to write.")
  private Path output;

  @Option(
      names = "--batch",
      paramLabel = "B",
      defaultValue = "8",
      converter = Count.UpTo1024.class,
      description = "Images that are run together (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--full-size",
      description =
          "Take images as large as they are, one at a time, rather than resized: TIFF, PNG and BMP"
              + " files may be larger than memory.")
  private boolean fullSize;

  @Option(
      names = "--workspace",
      paramLabel = "DIR|memory",
      defaultValue = "memory",
      description =
          "With --full-size: where some 2.3 KB a token (vim_t) are kept, in memory or in a"
              + " temporary file in a folder (default: ${DEFAULT-VALUE}).")
  private String workspace;

  @Option(
      names = "--generate",
      paramLabel = "HxW",
      hidden = true,
      converter = ImageSizeConverter.class,
      description = "With --full-size: an image that is computed, rather than files.")
  private ImageSize generate;

  @Option(
      names = "--progress",
      negatable = true,
      description = "Draw a progress bar (default: if standard error is a terminal).")
  private Boolean progress;

  @Mixin private NetworkOptions networkOptions;
  @Mixin private DeviceOptions device;

  @Override
  public NetworkOptions network() {
    return networkOptions;
  }

  @Override
  public Integer call() throws IOException {
    requireSense();
    PrintWriter err = spec.commandLine().getErr();
    FailureLog failures = new FailureLog(spec.qualifiedName(), err::println);
    List<Path> files = ImageFiles.find(paths, failures);
    if (files.isEmpty() && generate == null) {
      throw new PanambaException(
          "there are no images in " + paths.stream().map(PathText::printable).toList());
    }
    Inputs inputs = new Inputs().addWeights(weights);
    files.forEach(image -> inputs.add("an image", image));
    OutputFile file = new OutputFile(output, inputs);
    try (Device opened = device.open();
        Network network = Network.open(weights, opened, networkOptions.settings())) {
      requireOneVector(network.config());
      Embedder.Result result =
          fullSize
              ? fullSize(network, files, failures, file.messages(spec))
              : resized(network, files, failures);
      write(file, result, network.config().width());
    }
    return failures.count() == 0 ? 0 : 1;
  }

  private boolean isSet(Setting<?> setting) {
    return networkOptions.settings().get(setting).isPresent();
  }

  private void requireSense() {
    String wrong = null;
    if (paths.isEmpty() == (generate == null)) {
      wrong = "Missing required parameter: 'PATH'";
    } else if (fullSize && networkOptions.imageSize() != null) {
      wrong = "--full-size and --image-size exclude each other";
    } else if (fullSize && isSet(PreprocessingSettings.CROP_RATIO)) {
      wrong = "--full-size and --crop-ratio exclude each other";
    } else if (fullSize && isSet(PreprocessingSettings.CROP_MODE)) {
      wrong = "--full-size and --crop-mode exclude each other";
    } else if (fullSize && !device.isCpu()) {
      wrong = "--full-size works tile by tile on cpu; leave out --device " + device.deviceName();
    } else if (!fullSize && (generate != null || !workspace.equals(MEMORY))) {
      wrong = "--workspace needs --full-size";
    }
    if (wrong != null) {
      throw new ParameterException(spec.commandLine(), wrong);
    }
  }

  private boolean isProgressShown() {
    return Objects.requireNonNullElseGet(progress, ProgressBar::isErrorTerminal);
  }

  private Embedder.Result resized(Network network, List<Path> files, FailureLog failures) {
    InferenceOptions options =
        network.forPictures(features(Math.min(batch, files.size()), network.config()));
    PrintWriter err = spec.commandLine().getErr();
    try (Inference inference = network.plan(options);
        ProgressBar bar = new ProgressBar(err, isProgressShown(), files.size(), System::nanoTime)) {
      failures.redirect(bar::println);
      return new Embedder(inference, network.config().preprocessing(), failures, bar).embed(files);
    }
  }

  private Embedder.Result fullSize(
      Network network, List<Path> files, FailureLog failures, PrintWriter messages) {
    FullSizeEmbedder embedder =
        new FullSizeEmbedder(
            network,
            workspace.equals(MEMORY) ? Optional.empty() : Optional.of(PathText.path(workspace)),
            messages,
            spec.commandLine().getErr(),
            isProgressShown());
    Embedder.Result result = new Embedder.Result(new ArrayList<>(), new ArrayList<>());
    if (generate != null) {
      GeneratedImage image = new GeneratedImage(generate.height(), generate.width());
      result.features().add(embedder.embed("generated", image));
      result.paths().add(Path.of("generated"));
    }
    Preprocessing preprocessing = network.config().preprocessing();
    for (Path path : files) {
      try (ImageSource source =
          LargeImage.open(
              path, preprocessing.mean().toArray(), preprocessing.deviation().toArray())) {
        result.features().add(embedder.embed(PathText.printable(path), source));
        result.paths().add(path);
      } catch (ImageException | NonFiniteException e) {
        failures.add(e);
      }
    }
    return result;
  }

  private static void requireOneVector(NetworkConfig config) {
    if (config.keepsEveryToken()) {
      throw new PanambaException(
          "with --pool max or all an image has a vector for every token; take mean or last, or"
              + " panamba forward");
    }
  }

  private static InferenceOptions features(int batch, NetworkConfig config) {
    return new InferenceOptions(
        batch, config.image().height(), config.image().width(), false, false, false);
  }

  private void write(OutputFile file, Embedder.Result result, int dim) {
    int count = result.paths().size();
    if (count == 0) {
      throw new PanambaException(
          "there are no features of any image; %s is not written"
              .formatted(PathText.printable(output)));
    }
    try (Arena arena = Arena.ofConfined()) {
      Tensor features = Tensor.allocate(arena, DType.F32, Shape.of(count, dim));
      for (int i = 0; i < count; i++) {
        features.slice(i, 1).copyFrom(result.features().get(i));
      }
      file.write(
          Map.of("features", features),
          Map.of(
              "paths", Json.compact(result.paths()),
              "weights", PathText.printable(weights)));
      file.messages(spec).printf("%s: features %s%n", PathText.printable(output), features);
    }
  }
}
