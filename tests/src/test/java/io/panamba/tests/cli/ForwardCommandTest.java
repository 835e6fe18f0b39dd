package io.panamba.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tensors through a network, against an independent model in float64. */
class ForwardCommandTest {
  private static final int PIXELS = 3 * 32 * 32;

  @TempDir private Path folder;

  private Path out() {
    return folder.resolve("out.safetensors");
  }

  private Cli.Result forward(Path weights, Path input, String options) {
    List<Object> args =
        new ArrayList<>(
            List.of("forward", "--weights", weights, "--input", input, "--output", out()));
    if (!options.isEmpty()) {
      args.add(options);
    }
    return Cli.run(args.toArray());
  }

  @ParameterizedTest
  @CsvSource({
    "vim_nano.safetensors, vim_nano, ''",
    "vim_nano.pth, vim_nano, --threads=2",
    "vim_nano_bare.pth, vim_nano, --class-token=middle",
    "vim_nano_head_cls.safetensors, vim_nano_head_cls, --class-token=head",
    "vim_nano_double_cls.safetensors, vim_nano_double_cls, ''",
    "vim_nano_nocls_mean.safetensors, vim_nano_nocls_mean, --pool=mean",
    "vim_nano_nocls_last.safetensors, vim_nano_nocls_last, --pool=last",
    "vim_nano_no_division.safetensors, vim_nano_no_division, --no-divide-out",
    "vim_nano_layer_bidirectional.safetensors, vim_nano_layer_bidirectional,"
        + " --layer-bidirectional",
    "vim_nano_stride4.safetensors, vim_nano_stride4, --stride=4"
  })
  void numbersAreTheOriginalOnes(String weights, String expected, String options) {
    Path golden = Cli.golden(expected + ".expected.safetensors");
    forward(Cli.golden(weights), golden, options).ok();
    for (String key : new String[] {"logits", "features", "tokens"}) {
      assertThat(Cli.shape(out(), key)).isEqualTo(Cli.shape(golden, key));
      Cli.assertClose(Cli.read(out(), key), Cli.read(golden, key));
    }
  }

  @Test
  void poolingEveryToken() {
    Path golden = Cli.golden("vim_nano_nocls_max.expected.safetensors");
    forward(Cli.golden("vim_nano_nocls_max.safetensors"), golden, "--pool=max").ok();
    Cli.assertClose(Cli.read(out(), "logits"), Cli.read(golden, "logits"));
  }

  @ParameterizedTest
  @CsvSource({"48x48, aligned", "48x48, repo", "32x64, aligned", "24x40, aligned"})
  void theTensorDecidesTheImageSize(String size, String mode) {
    Path golden = Cli.golden("vim_nano.sizes.expected.safetensors");
    Path input = folder.resolve("in.safetensors");
    String key = "image." + size;
    Cli.write(input, "image", Cli.shape(golden, key), Cli.read(golden, key));
    forward(Cli.golden("vim_nano.pth"), input, "--position-interpolation=" + mode).ok();
    Cli.assertClose(
        Cli.read(out(), "logits"), Cli.read(golden, "logits.%s.%s".formatted(size, mode)));
  }

  @Test
  void manyImagesAreRunAFewAtATime() {
    float[] two = Cli.read(Cli.golden("vim_nano.expected.safetensors"), "image");
    float[] many = new float[11 * PIXELS];
    for (int i = 0; i < 11; i++) {
      System.arraycopy(two, i % 2 * PIXELS, many, i * PIXELS, PIXELS);
    }
    Path input = Cli.write(folder.resolve("in"), "image", Shape.of(11, 3, 32, 32), many);
    forward(Cli.golden("vim_nano.pth"), input, "").ok();
    float[] logits = Cli.read(out(), "logits");
    assertThat(Cli.shape(out(), "tokens")).isEqualTo(Shape.of(11, 17, 32));
    for (int i = 2; i < 11; i++) {
      assertThat(Arrays.copyOfRange(logits, 10 * i, 10 * i + 10))
          .isEqualTo(Arrays.copyOfRange(logits, i % 2 * 10, i % 2 * 10 + 10));
    }
  }

  @Test
  void theOutputSaysWhereItCameFrom() {
    Path weights = Cli.golden("vim_nano.pth");
    Path input = Cli.golden("vim_nano.expected.safetensors");
    assertThat(forward(weights, input, "").ok().out())
        .contains("logits F32(2, 10)", "features F32(2, 32)", "tokens F32(2, 17, 32)");
    try (Checkpoint checkpoint = Checkpoint.open(out())) {
      assertThat(checkpoint.metadata())
          .containsEntry("weights", weights.toString())
          .containsEntry("input", input.toString());
    }
  }

  @Test
  void refusesOtherTensors() {
    Path weights = Cli.golden("vim_nano.pth");
    assertThat(forward(weights, Cli.golden("vim_nano.safetensors"), "").error())
        .contains("has no tensor 'image'");
    Path flat = Cli.write(folder.resolve("flat"), "image", Shape.of(1, 3), 1, 2, 3);
    assertThat(forward(weights, flat, "").error())
        .contains("F32(1, 3)")
        .contains("expected F32(N, 3, H, W)");
    Path grey = Cli.write(folder.resolve("grey"), "image", Shape.of(1, 1, 32, 32), new float[1024]);
    assertThat(forward(weights, grey, "").error()).contains("3 colours");
    Path small = Cli.write(folder.resolve("small"), "image", Shape.of(1, 3, 4, 4), new float[48]);
    assertThat(forward(weights, small, "").error()).contains("smaller than a patch");
    Path golden = Cli.golden("vim_nano.expected.safetensors");
    assertThat(forward(weights, golden, "--image-size=48").error())
        .contains("32 x 32")
        .contains("48 x 48");
    assertThat(forward(weights, folder.resolve("missing"), "").error())
        .contains("there is no such file");
    assertThat(out()).doesNotExist();
  }
}
