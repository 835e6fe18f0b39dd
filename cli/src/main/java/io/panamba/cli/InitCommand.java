package io.panamba.cli;

import io.panamba.model.Architectures;
import io.panamba.model.Architectures.Preset;
import io.panamba.model.Network;
import io.panamba.model.architecture.NetworkConfig;
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
final class InitCommand implements Callable<Integer>, NetworkOptions.Holder {
  @Spec private CommandSpec spec;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "SIZE",
      converter = PresetConverter.class,
      description =
          "tiny, small, base, mini or nano of Vim, or of another family, such as deit-tiny.")
  private Preset<?> model;

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

  @Mixin private NetworkOptions networkOptions;

  @Override
  public NetworkOptions network() {
    return networkOptions;
  }

  @Override
  public Integer call() throws IOException {
    OutputFile file = new OutputFile(output, new Inputs());
    write(file, model);
    return 0;
  }

  private <C extends NetworkConfig> void write(OutputFile file, Preset<C> preset)
      throws IOException {
    C config = preset.config(networkOptions.settings());
    try (Arena arena = Arena.ofConfined()) {
      Map<String, Tensor> tensors = Network.draw(preset.family(), config, seed, arena);
      Map<String, String> metadata = new LinkedHashMap<>(config.settings().metadata());
      metadata.put(Architectures.METADATA, preset.family().name());
      metadata.put("format", "pt");
      metadata.put("model", preset.toString());
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
  }
}
