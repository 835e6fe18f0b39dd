package io.panamba.tests.golden;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.Inference;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.Settings;
import io.panamba.model.block.ClassToken;
import io.panamba.model.block.Pooling;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.deit.Deit;
import io.panamba.model.vim.Vim;
import io.panamba.model.vmamba.Vmamba;
import io.panamba.model.vmamba.VmambaScan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.tests.kit.GoldenFiles;
import io.panamba.tests.kit.Numbers;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A network of the golden files: weights, and a file with an image, every result, and the
 * configuration as flat JSON in its metadata.
 */
public final class NetworkGolden {
  private static final String EXPECTED = ".expected.safetensors";
  private static final String SIZES = ".sizes";
  private static final String TAP = "tap.";

  private static final String FOREIGN = "_hf_names";

  /** How the names of networks that segment or detect end. */
  private static final Pattern DENSE = Pattern.compile(".*_(upernet|upernet_stream|cascade)");

  private static final Pattern ENTRY = Pattern.compile("\"(\\w+)\": (?:\"(\\w+)\"|([^\",{}]+))");

  private NetworkGolden() {}

  /** The networks that classify, of all families, under their own names. */
  public static List<String> names() {
    return GoldenFiles.between("", EXPECTED).stream()
        .filter(name -> !name.endsWith(SIZES) && !name.endsWith(FOREIGN))
        .filter(name -> !DENSE.matcher(name).matches())
        .toList();
  }

  /** The networks of Vim. */
  public static List<String> ofVim() {
    return names().stream().filter(name -> name.startsWith("vim_")).toList();
  }

  /** Logits and features are as expected, and tokens and taps as far as the file has them. */
  static void assertEverything(
      String name, Inference inference, Checkpoint expected, double bound) {
    assertAnswer(inference, expected, bound);
    if (expected.keys().contains("tokens")) {
      assertClose("tokens", inference.tokens(), expected, bound);
    }
    List<String> taps =
        expected.keys().stream()
            .filter(key -> key.startsWith(TAP))
            .map(key -> key.substring(TAP.length()))
            .toList();
    // Files of some variants have more of what lies between, or nothing.
    if (!name.startsWith("vmamba_")) {
      assertThat(inference.taps().keySet()).containsExactlyInAnyOrderElementsOf(taps);
    }
    for (String tap : inference.taps().keySet().stream().filter(taps::contains).toList()) {
      assertClose(TAP + tap, inference.tap(tap).orElseThrow(), expected, bound);
    }
  }

  /** Logits and features are as expected. */
  static void assertAnswer(Inference inference, Checkpoint expected, double bound) {
    assertClose("logits", inference.logits(), expected, bound);
    assertClose("features", inference.features(), expected, bound);
  }

  private static void assertClose(String key, Tensor actual, Checkpoint expected, double bound) {
    Numbers.assertClose(key, actual, GoldenFiles.floats(expected, key), bound);
  }

  public static Path weights(String name) {
    return GoldenFiles.path(name + ".safetensors");
  }

  static Checkpoint expected(String name) {
    return Checkpoint.open(GoldenFiles.path(name + EXPECTED));
  }

  /** The images of a file. */
  static int batch(Checkpoint expected) {
    return Math.toIntExact(expected.find("image").orElseThrow().shape().size(0));
  }

  static Map<String, String> config(Checkpoint expected) {
    Matcher matcher = ENTRY.matcher(expected.metadata().get("config"));
    return matcher
        .results()
        .collect(
            Collectors.toMap(
                entry -> entry.group(1),
                entry -> entry.group(2) != null ? entry.group(2) : entry.group(3).strip()));
  }

  /** Tells only what the shapes of a checkpoint don't. */
  static Settings options(Checkpoint expected) {
    Map<String, String> config = config(expected);
    if (config.containsKey("depths")) {
      Shape image = expected.find("image").orElseThrow().shape();
      Settings ofPyramid =
          config.containsKey("scan")
              ? Settings.of(Vmamba.SCAN, scan(config))
                  .with(Vmamba.OUT_ACTIVATION, flag(config, "out_act"))
              : Settings.none();
      return ofPyramid.withImageSize(
          new ImageSize(Math.toIntExact(image.size(2)), Math.toIntExact(image.size(3))));
    }
    if (config.containsKey("heads")) {
      return ofDeit(config);
    }
    return ofVim(config);
  }

  private static VmambaScan scan(Map<String, String> config) {
    return config.get("scan").equals("cross2d")
        ? VmambaScan.CROSS
        : VmambaScan.valueOf(upper(config, "scan"));
  }

  private static Settings ofDeit(Map<String, String> config) {
    return Settings.none()
        .withImageSize(number(config, "img_size"))
        .with(Deit.HEADS, number(config, "heads"));
  }

  private static Settings ofVim(Map<String, String> config) {
    return Settings.none()
        .withImageSize(number(config, "img_size"))
        .with(Vim.STRIDE, number(config, "stride"))
        .with(Vim.CLASS_TOKEN, ClassToken.valueOf(upper(config, "cls")))
        .with(Vim.POOLING, Pooling.valueOf(upper(config, "pool")))
        .with(Vim.DIVIDE_OUT, flag(config, "divide_out"))
        .with(Vim.LAYER_BIDIRECTIONAL, flag(config, "layer_bidirectional"))
        .with(Vim.ROPE_RESIDUAL, flag(config, "rope_residual"));
  }

  public static Settings options(String name) {
    try (Checkpoint expected = expected(name)) {
      return options(expected);
    }
  }

  static int number(Map<String, String> config, String key) {
    return Integer.parseInt(config.get(key));
  }

  static boolean flag(Map<String, String> config, String key) {
    return Boolean.parseBoolean(config.get(key));
  }

  static String upper(Map<String, String> config, String key) {
    return config.get(key).toUpperCase(Locale.ROOT);
  }
}
