package io.panamba.cli;

import io.panamba.model.ClassToken;
import io.panamba.model.Inference;
import io.panamba.model.InferenceOptions;
import io.panamba.model.Pooling;
import io.panamba.model.Vim;
import io.panamba.model.VimConfig;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.PanambaException;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes the features of many images. */
@Command(
    name = "embed",
    description =
        "Writes the features of images as the tensor 'features' (N,D), in the order of their sorted"
            + " paths, which the file's metadata lists under 'paths'. Images that can't be read are"
            + " reported and left out.")
final class EmbedCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(
      arity = "1..*",
      paramLabel = "PATH",
      description = "Image files, and folders to search for them.")
  private List<Path> paths;

  @Option(
      names = "--weights",
      required = true,
      paramLabel = "FILE",
      description = "A Vim checkpoint: .pth or .safetensors.")
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
      names = "--progress",
      negatable = true,
      description = "Draw a progress bar (default: if standard error is a terminal).")
  private Boolean progress;

  @Mixin private NetworkOptions network;
  @Mixin private DeviceOptions device;

  @Override
  public Integer call() throws IOException {
    PrintWriter err = spec.commandLine().getErr();
    OutputFile file = new OutputFile(output);
    FailureLog failures = new FailureLog(spec.qualifiedName(), err::println);
    List<Path> files = ImageFiles.find(paths, failures);
    if (files.isEmpty()) {
      throw new PanambaException("there are no images in " + paths);
    }
    try (Device opened = device.open();
        Vim vim = Vim.open(weights, opened, network.vimOptions())) {
      requireOneVector(vim.config());
      Embedder.Result result;
      InferenceOptions options = features(Math.min(batch, files.size()), vim.config());
      boolean shown = Objects.requireNonNullElseGet(progress, ProgressBar::isErrorTerminal);
      try (Inference inference = vim.plan(options);
          ProgressBar bar = new ProgressBar(err, shown, files.size(), System::nanoTime)) {
        failures.redirect(bar::println);
        result = new Embedder(inference, failures, bar).embed(files);
      }
      write(file, result, vim.config().dim());
    }
    return failures.count() == 0 ? 0 : 1;
  }

  private static void requireOneVector(VimConfig config) {
    boolean everyToken = config.pooling() == Pooling.MAX || config.pooling() == Pooling.ALL;
    if (config.classToken() == ClassToken.NONE && everyToken) {
      throw new PanambaException(
          "with --pool max or all an image has a vector for every token; take mean or last, or"
              + " panamba forward");
    }
  }

  private static InferenceOptions features(int batch, VimConfig config) {
    return new InferenceOptions(
        batch, config.imageHeight(), config.imageWidth(), false, false, false);
  }

  private void write(OutputFile file, Embedder.Result result, int dim) {
    int count = result.paths().size();
    if (count == 0) {
      throw new PanambaException("no image could be read; %s is not written".formatted(output));
    }
    try (Arena arena = Arena.ofConfined()) {
      Tensor features = Tensor.allocate(arena, DType.F32, Shape.of(count, dim));
      for (int i = 0; i < count; i++) {
        features.slice(i, 1).copyFrom(result.features().get(i));
      }
      file.write(
          Map.of("features", features),
          Map.of(
              "paths", Json.compact(result.paths().stream().map(Path::toString).toList()),
              "weights", weights.toString()));
      spec.commandLine().getOut().printf("%s: features %s%n", output, features);
    }
  }
}
