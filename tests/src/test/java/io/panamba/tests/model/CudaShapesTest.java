package io.panamba.tests.model;

import io.panamba.model.Architectures;
import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.Precision;
import io.panamba.model.architecture.Settings;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.Device;
import io.panamba.runtime.Tensor;
import io.panamba.tests.kit.Gpu;
import io.panamba.tests.kit.Numbers;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Random;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A layer of the published sizes of Vim, whose shapes no golden file has, on GPUs. */
@Tag("gpu")
class CudaShapesTest {
  private static final String LAYER = "layers.0";

  static Stream<Arguments> layers() {
    // Vim has nothing for cuDNN.
    return Gpu.inEveryPrecision(List.of(Gpu.FAKE, Gpu.REAL), List.of("tiny", "small"));
  }

  /** The network of a preset with its first layer alone. */
  private static Network open(String size, Device device, Precision precision) {
    try (Arena arena = Arena.ofConfined()) {
      SequencedMap<String, Tensor> weights =
          new LinkedHashMap<>(Architectures.preset(size).draw(Settings.none(), 1, arena));
      weights.keySet().removeIf(key -> key.startsWith("layers.") && !key.startsWith(LAYER + "."));
      try (Checkpoint checkpoint = Checkpoint.of(weights)) {
        return Network.load(checkpoint, device, Settings.none().withPrecision(precision));
      }
    }
  }

  private static float[] picture(long seed, int size) {
    Random random = new Random(seed);
    float[] pixels = new float[3 * size * size];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (float) random.nextGaussian();
    }
    return pixels;
  }

  /** The last picture is the same in every batch. */
  private static Inference run(Network network, int batch) {
    InferenceOptions options = InferenceOptions.logits(batch, network.config()).withTaps();
    Inference inference = network.plan(options);
    for (int i = 0; i < batch; i++) {
      inference.image().slice(i, 1).copyFrom(picture(i < batch - 1 ? i + 1 : 0, options.height()));
    }
    inference.run();
    return inference;
  }

  private static Tensor last(Tensor results) {
    return results.slice(results.shape().size(0) - 1, 1);
  }

  @ParameterizedTest
  @MethodSource("layers")
  void resultsAreThoseOfTheProcessor(Gpu gpu, Precision precision, String size) {
    try (Device device = gpu.open();
        Device processor = Device.cpu(2);
        Network network = open(size, device, precision);
        Network expected = open(size, processor, precision);
        Inference inference = run(network, 1);
        Inference reference = run(expected, 1)) {
      double bound = precision == Precision.FP32 ? 1e-5 : 2e-2;
      for (String tap : List.of("embed", LAYER)) {
        Numbers.assertClose(
            tap,
            inference.tap(tap).orElseThrow(),
            reference.tap(tap).orElseThrow().toFloats(),
            bound);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("layers")
  void bitsOfAnImageAreItsOwn(Gpu gpu, Precision precision, String size) {
    // The fake's products are element by element.
    int[] batches = gpu == Gpu.REAL ? new int[] {2, 33, 128} : new int[] {2};
    try (Device device = gpu.open();
        Network network = open(size, device, precision);
        Inference alone = run(network, 1)) {
      for (int batch : batches) {
        try (Inference many = run(network, batch)) {
          String what = "the last of %d".formatted(batch);
          Numbers.assertSameBits(
              what, last(many.tap(LAYER).orElseThrow()), last(alone.tap(LAYER).orElseThrow()));
          Numbers.assertSameBits(what, last(many.logits()), last(alone.logits()));
        }
      }
    }
  }
}
