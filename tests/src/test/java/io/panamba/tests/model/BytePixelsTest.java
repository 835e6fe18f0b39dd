package io.panamba.tests.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Precision;
import io.panamba.model.architecture.Settings;
import io.panamba.model.image.ImageTransform;
import io.panamba.model.image.RgbImage;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.Shape;
import io.panamba.runtime.ShapeException;
import io.panamba.runtime.Tensor;
import io.panamba.tests.golden.NetworkGolden;
import io.panamba.tests.kit.Gpu;
import io.panamba.tests.kit.Numbers;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Pictures as bytes give the bits that they give as normalised numbers. */
@Tag("gpu")
class BytePixelsTest {
  private static final List<String> NETWORKS =
      List.of("vim_nano", "deit_nano", "mambaout_nano", "vmamba_nano");

  /** On the processor, and on GPUs. */
  enum Where {
    PROCESSOR,
    FAKE,
    REAL;

    Device open() {
      return this == PROCESSOR ? Device.cpu(2) : Gpu.valueOf(name()).open();
    }
  }

  static Stream<Arguments> networks() {
    return Stream.of(Where.values())
        .flatMap(
            where ->
                Stream.of(Precision.values())
                    .flatMap(
                        precision ->
                            NETWORKS.stream().map(name -> Arguments.of(where, precision, name))));
  }

  private static RgbImage picture(int width, int height, long seed) {
    byte[] pixels = new byte[width * height * 3];
    new Random(seed).nextBytes(pixels);
    return RgbImage.of(width, height, pixels);
  }

  @ParameterizedTest
  @MethodSource("networks")
  void bitsAreThoseOfNumbers(Where where, Precision precision, String name) {
    try (Device device = where.open();
        Network network =
            Network.open(
                NetworkGolden.weights(name),
                device,
                NetworkGolden.options(name).withPrecision(precision))) {
      NetworkConfig config = network.config();
      InferenceOptions options = InferenceOptions.logits(2, config);
      ImageTransform transform =
          config.preprocessing().transform(config.image().height(), config.image().width());
      try (Inference numbers = network.plan(options);
          Inference bytes = network.plan(options.withBytes())) {
        assertThat(bytes.image().dtype()).isEqualTo(DType.U8);
        for (Inference inference : List.of(numbers, bytes)) {
          for (int i = 0; i < 2; i++) {
            transform.apply(picture(70, 50 + i, i), inference.image().slice(i, 1));
          }
          inference.run();
        }
        Numbers.assertSameBits(name, bytes.logits(), numbers.logits());
      }
    }
  }

  @Test
  void onGpusPicturesAreBytes() {
    try (Device device = Gpu.FAKE.open();
        Device processor = Device.cpu(1);
        Network network = Network.openDefault(device, Settings.none());
        Network other = Network.openDefault(processor, Settings.none())) {
      InferenceOptions options = InferenceOptions.logits(1, network.config());
      assertThat(network.forPictures(options).bytes()).isTrue();
      assertThat(other.forPictures(options).bytes()).isFalse();
    }
  }

  @Test
  void anInputIsOfNumbersOrBytes() {
    ImageTransform transform = new ImageTransform(4);
    try (Arena arena = Arena.ofConfined()) {
      Tensor wrong = Tensor.allocate(arena, DType.I8, Shape.of(3, 4, 4));
      assertThatThrownBy(() -> transform.apply(picture(4, 4, 0), wrong))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("F32 or U8, (3, 4, 4)");
    }
  }
}
