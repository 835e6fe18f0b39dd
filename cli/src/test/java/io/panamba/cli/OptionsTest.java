package io.panamba.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.Precision;
import io.panamba.model.architecture.PreprocessingSettings;
import io.panamba.model.architecture.Setting;
import io.panamba.model.architecture.SettingException;
import io.panamba.model.architecture.Settings;
import io.panamba.model.block.ClassToken;
import io.panamba.model.block.Pooling;
import io.panamba.model.block.PositionInterpolation;
import io.panamba.model.deit.Deit;
import io.panamba.model.deit.DeitInterpolation;
import io.panamba.model.image.CropMode;
import io.panamba.model.image.Rgb;
import io.panamba.model.vim.Vim;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
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
            "--crop-mode=squash",
            "--crop-ratio=0.9",
            "--mean=0.5,0.5,0.25",
            "--std=0.1,.2,1",
            "--precision=bf16",
            "--threads=3");
    assertThat(some.network.settings().readBy("Vim", Vim.FAMILY.settings()))
        .isEqualTo(
            Settings.none()
                .with(Vim.STRIDE, 8)
                .with(Vim.CLASS_TOKEN, ClassToken.HEAD)
                .with(Vim.POOLING, Pooling.LAST)
                .with(Vim.DIVIDE_OUT, false)
                .with(Vim.LAYER_BIDIRECTIONAL, true)
                .with(Vim.ROPE_RESIDUAL, false)
                .with(Vim.POSITION_INTERPOLATION, PositionInterpolation.REPO)
                .with(PreprocessingSettings.CROP_MODE, CropMode.SQUASH)
                .with(PreprocessingSettings.CROP_RATIO, 0.9)
                .with(PreprocessingSettings.MEAN, new Rgb(0.5f, 0.5f, 0.25f))
                .with(PreprocessingSettings.DEVIATION, new Rgb(0.1f, 0.2f, 1))
                .withPrecision(Precision.BF16)
                .withImageSize(new ImageSize(224, 320)));
    assertThat(some.device.threads()).isEqualTo(3);
  }

  /** One option of two families has the values of both. */
  @Test
  void anOptionOfSeveralFamilies() {
    Settings settings =
        parse("--position-interpolation=timm", "--heads=3", "--norm-epsilon=1e-5")
            .network
            .settings();
    assertThat(settings.readBy("DeiT", Deit.FAMILY.settings()))
        .isEqualTo(
            Settings.none()
                .with(Deit.POSITION_INTERPOLATION, DeitInterpolation.TIMM)
                .with(Deit.HEADS, 3)
                .with(Deit.NORM_EPSILON, 1e-5));
    assertThatThrownBy(
            () ->
                parse("--position-interpolation=timm")
                    .network
                    .settings()
                    .readBy("Vim", Vim.FAMILY.settings()))
        .isInstanceOf(SettingException.class)
        .hasMessageContaining("Vim");
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
        "--crop-ratio=0",
        "--crop-ratio=1.1",
        "--crop-ratio=NaN",
        "--crop-ratio=0x1p-1",
        "--mean=0.5",
        "--mean=0.5,0.5,0.5,0.5",
        "--mean=123.7,116.3,103.5",
        "--mean=a,b,c",
        "--std=0,1,1",
        "--std=1,1,-1",
        "--stride=x",
        "--stride=0",
        "--stride=-8"
      })
  void refusesWhatMakesNoSense(String option) {
    assertThatThrownBy(() -> parse(option))
        .isInstanceOf(ParameterException.class)
        .hasMessageContaining(option.substring(0, option.indexOf('=')));
  }

  private enum Mode {
    REPO,
    TIMM
  }

  private static final Setting<Mode> OTHER =
      Setting.choice("position-interpolation", null, Mode.REPO, "MODE", "Repo, or timm.");

  private static final Setting<Integer> SPEED = Setting.number("speed", null, "N", "How fast.");

  private static final List<Setting<?>> OTHERS =
      List.of(OTHER, PreprocessingSettings.CROP_RATIO, Vim.STRIDE);

  private static CommandLine ofTwoFamilies(NetworkOptions options) {
    SequencedMap<String, List<Setting<?>>> families = new LinkedHashMap<>();
    families.put("Vim", Vim.FAMILY.settings());
    families.put("Other", OTHERS);
    CommandLine line = new CommandLine(CommandSpec.create());
    options.addTo(line.getCommandSpec(), families);
    return line;
  }

  private static Settings ofTwoFamilies(String... args) {
    NetworkOptions options = new NetworkOptions();
    ofTwoFamilies(options).parseArgs(args);
    return options.settings();
  }

  @Test
  void oneOptionServesTwoFamilies() {
    Settings both = ofTwoFamilies("--position-interpolation=repo", "--stride=4");
    assertThat(both.readBy("Vim", Vim.FAMILY.settings()))
        .isEqualTo(
            Settings.of(Vim.STRIDE, 4)
                .with(Vim.POSITION_INTERPOLATION, PositionInterpolation.REPO));
    assertThat(both.readBy("Other", OTHERS))
        .isEqualTo(Settings.of(Vim.STRIDE, 4).with(OTHER, Mode.REPO));
    assertThat(ofTwoFamilies("--crop-ratio=1"))
        .isEqualTo(Settings.of(PreprocessingSettings.CROP_RATIO, 1.0));
  }

  @Test
  void theOptionOfTwoFamiliesNamesBothAndTheirValues() {
    CommandSpec spec = ofTwoFamilies(new NetworkOptions()).getCommandSpec();
    assertThat(spec.findOption("--position-interpolation").description())
        .containsExactly(
            "Vim: For other image sizes: aligned, or repo for what the original code does"
                + " (default: aligned). Other: Repo, or timm.");
    assertThat(spec.findOption("--crop-ratio").description())
        .containsExactly(PreprocessingSettings.CROP_RATIO.description());
    assertThatThrownBy(() -> ofTwoFamilies("--position-interpolation=cubic"))
        .isInstanceOf(ParameterException.class)
        .hasMessageContaining("one of [ALIGNED, REPO, TIMM] but was 'cubic'");
  }

  @Test
  void aValueOfAnotherFamilyIsAWrongArgument() {
    Settings timm = ofTwoFamilies("--position-interpolation=timm");
    assertThat(timm.readBy("Other", OTHERS)).isEqualTo(Settings.of(OTHER, Mode.TIMM));
    assertThat(misuse(timm))
        .isEqualTo(
            "panamba: Vim has no position-interpolation 'timm'; expected one of [ALIGNED, REPO]"
                + " (panamba --help explains)");
    assertThat(misuse(Settings.of(SPEED, 3)))
        .isEqualTo("panamba: Vim has no setting 'speed' (panamba --help explains)");
  }

  /** What the command says where a Vim is given such settings, and that it ends with 2. */
  private static String misuse(Settings settings) {
    SettingException refusal =
        catchThrowableOfType(
            SettingException.class, () -> settings.readBy("Vim", Vim.FAMILY.settings()));
    StringWriter err = new StringWriter();
    CommandLine line = new CommandLine(CommandSpec.create().name("panamba"));
    line.setErr(new PrintWriter(err));
    assertThat(Main.failed(refusal, line, false)).isEqualTo(2);
    line.getErr().flush();
    return err.toString().strip();
  }

  @Test
  void saysWhatIsSupported() {
    assertThatThrownBy(() -> parse("--device=gpu"))
        .hasMessageContaining("expected cpu, cuda or cuda:N, not 'gpu'");
    assertThatThrownBy(() -> parse("--image-size=wide")).hasMessageContaining("224x320");
  }
}
