package io.panamba.cli;

import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.NonFiniteException;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Task;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.StoredTensor;
import io.panamba.model.files.PathText;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.PanambaException;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Grid;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Runs a network on a tensor. */
@Command(
    name = "forward",
    description =
        "Runs a network on the tensor 'image' (N,3,H,W) of a file, normalised float32, and writes"
            + " 'logits', 'features' and 'tokens'.")
final class ForwardCommand implements Callable<Integer>, NetworkOptions.Holder {
  private static final String IMAGE = "image";
  private static final int MOST_AT_ONCE = 8;

  @Spec private CommandSpec spec;

  @Option(
      names = "--weights",
      required = true,
      paramLabel = "FILE",
      description = "A checkpoint: .pth or .safetensors.")
  private Path weights;

  @Option(
      names = "--input",
      required = true,
      paramLabel = "FILE",
      description = "The .safetensors file with 'image'.")
  private Path input;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "FILE",
      description = "The .safetensors file to write.")
  private Path output;

  @Mixin private NetworkOptions networkOptions;
  @Mixin private DeviceOptions device;

  @Override
  public NetworkOptions network() {
    return networkOptions;
  }

  @Override
  public Integer call() throws IOException {
    Inputs inputs = new Inputs().addWeights(weights).add("the --input", input);
    OutputFile file = new OutputFile(output, inputs);
    try (Arena arena = Arena.ofConfined()) {
      Tensor images = images(arena);
      int height = Math.toIntExact(images.shape().size(2));
      int width = Math.toIntExact(images.shape().size(3));
      try (Device opened = device.open();
          Network network =
              Network.open(
                  weights,
                  opened,
                  networkOptions.settings().withImageSize(new ImageSize(height, width)))) {
        Map<String, Tensor> results =
            network.config().task() == Task.DETECTION
                ? DetectionTensors.of(network, input, images, arena)
                : run(network, images, arena);
        file.write(
            results,
            Map.of("weights", PathText.printable(weights), "input", PathText.printable(input)));
        PrintWriter messages = file.messages(spec);
        results.forEach((name, tensor) -> messages.println(name + " " + tensor));
      }
    }
    return 0;
  }

  private Tensor images(Arena arena) {
    try (Checkpoint checkpoint = Checkpoint.open(input)) {
      StoredTensor stored =
          checkpoint
              .find(IMAGE)
              .orElseThrow(
                  () ->
                      new PanambaException(
                          "%s has no tensor 'image'; it has %s"
                              .formatted(input, checkpoint.keys())));
      Shape shape = stored.shape();
      if (stored.dtype() != DType.F32 || shape.rank() != 4 || shape.elements() == 0) {
        throw new PanambaException(
            "'image' in %s is %s%s; expected F32(N, 3, H, W)"
                .formatted(input, stored.dtype(), shape));
      }
      ImageSize wanted = networkOptions.imageSize();
      if (wanted != null && (wanted.height() != shape.size(2) || wanted.width() != shape.size(3))) {
        throw new PanambaException(
            "'image' in %s is of %s x %s pixels; --image-size says %s x %s"
                .formatted(input, shape.size(2), shape.size(3), wanted.height(), wanted.width()));
      }
      return Tensor.of(arena, shape, stored.toFloats());
    }
  }

  /** Runs a few images at a time: what is wanted of one does not depend on the others. */
  private Map<String, Tensor> run(Network network, Tensor images, Arena arena) {
    NetworkConfig config = network.config();
    Shape shape = images.shape();
    if (shape.size(1) != config.colours()) {
      throw new PanambaException(
          "'image' in %s is of shape %s; this network takes %s colours"
              .formatted(input, shape, config.colours()));
    }
    long count = shape.size(0);
    int batch = (int) Math.min(count, MOST_AT_ONCE);
    Map<String, Tensor> results = new LinkedHashMap<>();
    try (Inference inference = network.plan(InferenceOptions.logits(batch, config).withTokens())) {
      Map<String, Tensor> parts = new LinkedHashMap<>();
      if (config.classes() > 0) {
        parts.put("logits", inference.logits());
      }
      parts.put("features", inference.features());
      parts.put("tokens", inference.tokens());
      parts.forEach(
          (name, part) ->
              results.put(name, Tensor.allocate(arena, DType.F32, withFirst(part.shape(), count))));
      for (long first = 0; first < count; first += batch) {
        long size = Math.min(batch, count - first);
        copy(images.slice(first, size), inference.image().slice(0, size));
        inference.run();
        requireFinite(inference, first, size);
        for (Map.Entry<String, Tensor> part : parts.entrySet()) {
          copy(part.getValue().slice(0, size), results.get(part.getKey()).slice(first, size));
        }
      }
    }
    config
        .answerGrid()
        .ifPresent(
            grid -> results.computeIfPresent("logits", (_, all) -> planes(all, grid, arena)));
    return results;
  }

  /** Logits of pixels, (N, pixels, classes), as those who segment have them: (N, classes, H, W). */
  private static Tensor planes(Tensor logits, Grid grid, Arena arena) {
    Shape shape = logits.shape();
    int pixels = Math.toIntExact(shape.size(1));
    int classes = Math.toIntExact(shape.size(2));
    Tensor planes =
        Tensor.allocate(
            arena, DType.F32, Shape.of(shape.size(0), classes, grid.height(), grid.width()));
    for (long image = 0; image < shape.size(0); image++) {
      float[] from = logits.slice(image, 1).toFloats();
      float[] to = new float[from.length];
      for (int i = 0; i < from.length; i++) {
        to[i % classes * pixels + i / classes] = from[i];
      }
      planes.slice(image, 1).copyFrom(to);
    }
    return planes;
  }

  private void requireFinite(Inference inference, long first, long size) {
    for (int i = 0; i < size; i++) {
      try {
        inference.requireFinite(i);
      } catch (NonFiniteException e) {
        throw new PanambaException(
            "image %s in %s: %s".formatted(first + i, input, e.getMessage()), e);
      }
    }
  }

  private static Shape withFirst(Shape shape, long size) {
    long[] sizes = shape.toArray();
    sizes[0] = size;
    return Shape.of(sizes);
  }

  private static void copy(Tensor from, Tensor to) {
    to.segment().copyFrom(from.segment());
  }
}
