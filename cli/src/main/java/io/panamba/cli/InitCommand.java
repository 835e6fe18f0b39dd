package io.panamba.cli;

import io.panamba.model.VimConfig;
import io.panamba.model.VimInitializer;
import io.panamba.model.VimPreset;
import io.panamba.runtime.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Writes random weights. */
@Command(
    name = "init",
    description =
        "Writes random weights, drawn as the original models are before training: the same seed,"
            + " the same file.")
final class InitCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "SIZE",
      description = "tiny, small, base, mini or nano.")
  private VimPreset model;

  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "0",
      description = "Of the random numbers (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "FILE",
      description = "The .safetensors file.")
  private Path output;

  @Mixin private GridOptions grid;

  @Override
  public Integer call() throws IOException {
    OutputFile file = new OutputFile(output, new Inputs());
    try (Arena arena = Arena.ofConfined()) {
      VimConfig config = model.config(grid.vimOptions());
      Map<String, Tensor> tensors = VimInitializer.initialize(config, seed, arena);
      Map<String, String> metadata = new LinkedHashMap<>(config.metadata());
      metadata.put("format", "pt");
      metadata.put("model", "vim_" + model.name().toLowerCase(Locale.ROOT));
      metadata.put("seed", Long.toString(seed));
      file.write(tensors, metadata);
      file.messages(spec)
          .printf(
              Locale.ROOT,
              "%s: %d tensors, %,d parameters%n",
              output,
              tensors.size(),
              tensors.values().stream().mapToLong(tensor -> tensor.shape().elements()).sum());
    }
    return 0;
  }
}
