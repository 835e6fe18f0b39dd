package io.panamba.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.Precision;
import io.panamba.model.architecture.Settings;
import io.panamba.model.block.ClassToken;
import io.panamba.model.block.Pooling;
import io.panamba.model.block.PositionInterpolation;
import io.panamba.model.vim.Vim;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParameterException;

class OptionsTest {
  @Command
  static final class Some {
    @Mixin private NetworkOptions network;
    @Mixin private DeviceOptions device;
  }

  private static Some parse(String... args) {
    Some some = new Some();
    CommandLine line = new CommandLine(some);
    some.network.addTo(line.getCommandSpec());
    line.parseArgs(args);
    return some;
  }

  @Test
  void nothingSaidLeavesEverythingOpen() {
    Some some = parse();
    assertThat(some.network.settings()).isEqualTo(Settings.none());
    assertThat(some.device.threads()).isEqualTo(Runtime.getRuntime().availableProcessors());
    assertThat(some.device.deviceName()).isEqualTo("cpu");
  }

  @Test
  void everyOptionReachesTheNetwork() {
    Some some =
        parse(
            "--image-size=224x320",
            "--stride=8",
            "--class-token=head",
            "--pool=last",
            "--no-divide-out",
            "--layer-bidirectional",
            "--no-rope-residual",
            "--position-interpolation=repo",
            "--precision=bf16",
            "--threads=3");
    assertThat(some.network.settings())
        .isEqualTo(
            Settings.none()
                .with(Vim.STRIDE, 8)
                .with(Vim.CLASS_TOKEN, ClassToken.HEAD)
                .with(Vim.POOLING, Pooling.LAST)
                .with(Vim.DIVIDE_OUT, false)
                .with(Vim.LAYER_BIDIRECTIONAL, true)
                .with(Vim.ROPE_RESIDUAL, false)
                .with(Vim.POSITION_INTERPOLATION, PositionInterpolation.REPO)
                .withPrecision(Precision.BF16)
                .withImageSize(new ImageSize(224, 320)));
    assertThat(some.device.threads()).isEqualTo(3);
  }

  @Test
  void devices() {
    assertThat(parse("--device=cpu").device.deviceName()).isEqualTo("cpu");
    assertThat(parse("--device=cuda").device.deviceName()).isEqualTo("cuda:0");
    assertThat(parse("--device=cuda:1").device.deviceName()).isEqualTo("cuda:1");
    assertThat(parse("--device=cuda:1").device.isCpu()).isFalse();
  }

  @Test
  void oneNumberIsASquare() {
    assertThat(parse("--image-size", "512").network.imageSize()).isEqualTo(new ImageSize(512, 512));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--image-size=0",
        "--image-size=224x",
        "--image-size=-1",
        "--image-size=224x224x3",
        "--image-size=99999999999",
        "--image-size=",
        "--threads=0",
        "--threads=1025",
        "--threads=many",
        "--device=gpu",
        "--device=cuda:",
        "--device=cuda:-1",
        "--device=cuda:1234",
        "--device=cuda0",
        "--precision=fp16",
        "--class-token=tail",
        "--pool=median",
        "--position-interpolation=bilinear",
        "--stride=x",
        "--stride=0",
        "--stride=-8"
      })
  void refusesWhatMakesNoSense(String option) {
    assertThatThrownBy(() -> parse(option))
        .isInstanceOf(ParameterException.class)
        .hasMessageContaining(option.substring(0, option.indexOf('=')));
  }

  @Test
  void saysWhatIsSupported() {
    assertThatThrownBy(() -> parse("--device=gpu"))
        .hasMessageContaining("expected cpu, cuda or cuda:N, not 'gpu'");
    assertThatThrownBy(() -> parse("--image-size=wide")).hasMessageContaining("224x320");
  }
}
