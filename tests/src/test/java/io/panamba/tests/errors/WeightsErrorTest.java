package io.panamba.tests.errors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.model.Architectures;
import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.Settings;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.SafetensorsWriter;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.memory.WorkspaceException;
import io.panamba.model.vim.VimConfig;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.PanambaException;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.tests.kit.ChildJvm;
import io.panamba.tests.kit.GoldenFiles;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Checkpoints that differ from a network in a key or two: the message names one. */
class WeightsErrorTest {
  private static final Arena ARENA = Arena.ofAuto();
  private static Device device;

  @TempDir Path folder;

  @BeforeAll
  static void open() {
    device = Device.cpu(1);
  }

  @AfterAll
  static void close() {
    device.close();
  }

  private static Map<String, Tensor> tensors(String network) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    try (Checkpoint file = Checkpoint.open(GoldenFiles.path(network + ".safetensors"))) {
      for (String key : file.keys()) {
        tensors.put(key, GoldenFiles.tensor(file, key, ARENA));
      }
    }
    return tensors;
  }

  private static Network load(Map<String, Tensor> tensors) {
    return Network.load(Checkpoint.of(tensors), device, Settings.none());
  }

  private static void refused(Map<String, Tensor> tensors, String message) {
    assertThatThrownBy(() -> load(tensors).close())
        .as(message)
        .isInstanceOf(WeightsException.class)
        .hasMessage(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "vim.stride | 0 | vim.stride '0'; expected a whole number from 1",
        "vim.stride | abc | vim.stride 'abc'; expected a whole number from 1",
        "vim.image_width | -3 | vim.image_width '-3'; expected a whole number from 1",
        "vim.pooling | some | vim.pooling 'some'; expected one of [MEAN, LAST, MAX, ALL]",
        "vim.class_token | TAIL | vim.class_token 'TAIL'; expected one of [MIDDLE, HEAD, DOUBLE,"
            + " NONE]",
        "vim.divide_out | 1 | vim.divide_out '1'; expected true or false",
        "panamba.crop_ratio | 2 | panamba.crop_ratio '2'; expected a number from 0.001 to 1",
        "panamba.mean | 0.5 | panamba.mean '0.5'; expected three numbers from 0 to 1, as R,G,B",
        "panamba.std | 0,0,0 | panamba.std '0,0,0'; expected three numbers above 0, up to 1, as"
            + " R,G,B",
        "vim.labels | one | 1 names in vim.labels; expected one for each of the head's 10 classes",
      })
  void metadataThatCanNotBe(String name, String value, String message) {
    Path file = folder.resolve("network.safetensors");
    SafetensorsWriter.write(file, tensors("vim_nano"), Map.of(name, value));
    assertThatThrownBy(() -> Network.open(file, device, Settings.none()).close())
        .isInstanceOf(WeightsException.class)
        .hasMessageContaining("the file's metadata has " + message);
  }

  /** A size that the trained grid contradicts is none. */
  @ParameterizedTest
  @CsvSource({"35, 35", "39, 39", "40, 32", "31, 32", "999999999, 32"})
  void metadataRefinesTheImageSize(int said, int expected) {
    Path file = folder.resolve("network.safetensors");
    SafetensorsWriter.write(
        file, tensors("vim_nano"), Map.of("vim.image_height", Integer.toString(said)));
    try (Network vim = Network.open(file, device, Settings.none())) {
      assertThat(vim.config().image().height()).isEqualTo(expected);
      assertThat(vim.config().image().width()).isEqualTo(32);
    }
  }

  /** A few bytes of metadata would decide on any memory. */
  @ParameterizedTest
  @CsvSource({
    "pos_embed, 40000, 40000, 8, images of 40000 x 40000 pixels in 5000 x 5000 patches",
    "pos_embed, 999999999, 999999999, 8, 124999999 x 124999999 patches",
    "pos_embed, 4096, 4097, 8, images of 4096 x 4097 pixels",
    "pos_embed, 1024, 1024, 1, images of 1024 x 1024 pixels in 1017 x 1017 patches",
    "none, 0, 0, 99999999, images of 300000005 x 300000005 pixels in 4 x 4 patches",
    "none, 0, 0, 999999999, images would be 3000000005 pixels wide",
  })
  void metadataOfLargeImages(String without, int height, int width, int stride, String message) {
    Map<String, Tensor> tensors = tensors("vim_nano");
    tensors.remove(without);
    Path file = folder.resolve("network.safetensors");
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("vim.stride", Integer.toString(stride));
    if (height > 0) {
      metadata.put("vim.image_height", Integer.toString(height));
      metadata.put("vim.image_width", Integer.toString(width));
    }
    SafetensorsWriter.write(file, tensors, metadata);
    assertThatThrownBy(() -> Network.open(file, device, Settings.none()).close())
        .isInstanceOf(WeightsException.class)
        .hasMessageContaining(message);
    try (Network vim =
        Network.open(file, device, Settings.none().withImageSize(new ImageSize(5000, 6000)))) {
      assertThat(vim.config().image().width()).isEqualTo(6000);
    }
  }

  @Test
  void metadataOfTheLargestImages() {
    Map<String, Tensor> tensors = tensors("vim_nano");
    tensors.remove("pos_embed");
    Path file = folder.resolve("network.safetensors");
    SafetensorsWriter.write(
        file, tensors, Map.of("vim.image_height", "4096", "vim.image_width", "4096"));
    try (Network vim = Network.open(file, device, Settings.none())) {
      assertThat(((VimConfig) vim.config()).patches()).isEqualTo(1 << 18);
    }
  }

  /** Where nothing says how large images are, they are at least a patch. */
  @Test
  void patchesLargerThanThePublishedImages() {
    Map<String, Tensor> tensors = tensors("vim_nano");
    tensors.remove("pos_embed");
    tensors.put(
        "patch_embed.proj.weight", Tensor.allocate(ARENA, DType.F32, Shape.of(32, 3, 256, 256)));
    try (Network vim = load(tensors)) {
      assertThat(vim.config().image().height()).isEqualTo(256);
    }
  }

  /** Numbers of a file and of a caller that no machine has memory for. */
  @ParameterizedTest
  @ValueSource(strings = {"vim_nano", "vim_nano_nocls_mean", "vim_nano_double_cls"})
  void plansThatNoMemoryHolds(String network) {
    Map<String, Tensor> tensors = tensors(network);
    for (boolean positions : new boolean[] {true, false}) {
      if (!positions) {
        tensors.remove("pos_embed");
      }
      try (Network vim = load(tensors)) {
        for (int side : new int[] {1_000_000, 8_000_000}) {
          InferenceOptions options = new InferenceOptions(1, side, side, false, false, false);
          assertThatThrownBy(() -> vim.plan(options).close())
              .isInstanceOf(WorkspaceException.class)
              .hasMessageContaining("memory");
        }
        assertThatThrownBy(
                () -> vim.plan(new InferenceOptions(1 << 30, 224, 224, false, false, false)))
            .isInstanceOf(WorkspaceException.class);
      }
    }
  }

  /** In a process of little memory: a fit is looked for without a copy of the keys for each. */
  @Test
  void manyKeysUnderManyPrefixes() throws IOException {
    StringBuilder header = new StringBuilder("{");
    List<String> attributes = List.of("model.", "backbone.", "encoder.");
    for (String outer : attributes) {
      for (String middle : attributes) {
        for (String inner : attributes) {
          empty(header, outer + middle + inner + "p");
        }
      }
    }
    for (int i = 0; i < 100_000; i++) {
      empty(header, "k" + i);
    }
    header.setCharAt(header.length() - 1, '}');
    byte[] json = header.toString().getBytes(StandardCharsets.US_ASCII);
    Path file = folder.resolve("many.safetensors");
    Files.write(
        file,
        ByteBuffer.allocate(8 + json.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(json.length)
            .put(json)
            .array());
    ChildJvm.Result result = ChildJvm.run(List.of("-Xmx150m"), Opening.class, file.toString());
    assertThat(result.output())
        .contains("WeightsException")
        .contains("100027 tensors")
        .contains("patch_embed.proj.weight is missing");
  }

  private static void empty(StringBuilder header, String key) {
    header
        .append('"')
        .append(key)
        .append("\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},");
  }

  /** Opens a file as a network and prints what comes of it. */
  static final class Opening {
    private Opening() {}

    public static void main(String[] arguments) {
      try (Device cpu = Device.cpu(1);
          Network vim = Network.open(Path.of(arguments[0]), cpu, Settings.none())) {
        System.out.println(vim.config());
      } catch (PanambaException e) {
        System.out.println(e);
      }
    }
  }

  static List<String> networks() {
    return GoldenFiles.between("", ".expected.safetensors").stream()
        .filter(name -> name.startsWith("vim_") && !name.endsWith(".sizes"))
        .toList();
  }

  /** But for the class token, whose absence shows in the positions. */
  @ParameterizedTest
  @MethodSource("networks")
  void eachKeyMissing(String network) {
    Map<String, Tensor> all = tensors(network);
    for (String key : all.keySet()) {
      Map<String, Tensor> tensors = new LinkedHashMap<>(all);
      tensors.remove(key);
      if (!key.equals("pos_embed")) {
        assertThatThrownBy(() -> load(tensors).close())
            .as(key)
            .isInstanceOf(WeightsException.class)
            .hasMessageContaining(
                key.equals("cls_token") ? "beside 0 class tokens" : key + " is missing");
      }
    }
  }

  @ParameterizedTest
  @MethodSource("networks")
  void eachKeyOfAnotherRank(String network) {
    Map<String, Tensor> all = tensors(network);
    for (String key : all.keySet()) {
      long[] sizes = all.get(key).shape().toArray();
      Tensor changed =
          all.get(key)
              .reshape(
                  Shape.of(LongStream.concat(LongStream.of(1), LongStream.of(sizes)).toArray()));
      Map<String, Tensor> tensors = new LinkedHashMap<>(all);
      tensors.put(key, changed);
      assertThatThrownBy(() -> load(tensors).close())
          .isInstanceOf(WeightsException.class)
          .hasMessageStartingWith("%s is %s; expected (".formatted(key, changed.shape()));
    }
  }

  @ParameterizedTest
  @MethodSource("networks")
  void eachKeyOfIntegersOrOfNothing(String network) {
    Map<String, Tensor> all = tensors(network);
    for (String key : all.keySet()) {
      Tensor original = all.get(key);
      Map<String, Tensor> tensors = new LinkedHashMap<>(all);
      tensors.put(key, Tensor.of(original.segment(), DType.I32, original.shape()));
      refused(tensors, key + " has elements of type I32; expected floating-point");

      long[] sizes = original.shape().toArray();
      sizes[0] = 0;
      tensors.put(key, Tensor.allocate(ARENA, DType.F32, Shape.of(sizes)));
      assertThatThrownBy(() -> load(tensors).close())
          .isInstanceOf(WeightsException.class)
          .hasMessageStartingWith("%s is %s; expected (".formatted(key, Shape.of(sizes)));
    }
  }

  @ParameterizedTest
  @MethodSource("networks")
  void eachKeyOfOneLayerMore(String network) {
    Map<String, Tensor> all = tensors(network);
    for (String key : all.keySet()) {
      Map<String, Tensor> tensors = new LinkedHashMap<>(all);
      String extra = key.startsWith("layers.0.") ? "layers.9" + key.substring(8) : key + ".extra";
      tensors.put(extra, all.get(key));
      assertThatThrownBy(() -> load(tensors).close())
          .isInstanceOf(WeightsException.class)
          .hasMessageContaining(extra.startsWith("layers.9") ? "there is layers.9" : extra);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "vim_nano | layers.1.mixer.conv1d.bias | layers.1.mixer.conv1d.bias (64)",
        "vim_nano | layers.0.mixer.conv1d_b.bias | layers.0.mixer.conv1d_b.bias (64)",
        "vim_nano | layers.0.*_b.* | layers.0.mixer.conv1d_b.weight (64, 1, 4)",
        "vim_nano | layers.1.* | layers.1.mixer.A_log (64, 16)",
        "vim_nano_v1 | layers.1.mixer.A_b_log | layers.1.mixer.A_b_log (64, 16)",
        "vim_nano_layer_norm | norm_f.bias | norm_f.bias (32)",
        "vim_nano_layer_norm | layers.*.norm.bias | layers.0.norm.bias (32)",
        "vim_nano_layer_norm | layers.1.norm.bias | layers.1.norm.bias (32)",
        "vim_nano_layer_scale | layers.0.mixer.gamma | layers.0.mixer.gamma (32)",
        "vim_nano_double_cls | cls_token_head | cls_token_head (1, 1, 32)",
        "vim_nano_double_cls | cls_token_tail | cls_token_tail (1, 1, 32)",
        "vim_nano_rope | rope.freqs_cos | rope.freqs_cos (patches, dim)",
        "vim_nano_rope | rope.freqs_sin | rope.freqs_sin (patches, dim)",
        "vim_nano | head.weight | head.weight (classes, dim)",
        "vim_nano | head.bias | head.bias (10)",
        "vim_nano | patch_embed.proj.bias | patch_embed.proj.bias (32)",
      })
  void keysOfSomePlacesOnly(String network, String missing, String message) {
    Map<String, Tensor> tensors = tensors(network);
    String pattern = missing.replace(".", "\\.").replace("*", ".*");
    assertThat(tensors.keySet().removeIf(key -> key.matches(pattern))).isTrue();
    if (missing.equals("layers.1.*")) {
      // A layer of which one key is left.
      tensors.put("layers.1.norm.weight", tensors.get("layers.0.norm.weight"));
    }
    refused(tensors, message.replace(" (", " is missing; expected ("));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "vim_nano | layers.1.mixer.in_proj.bias | 128 | layers.0.mixer.in_proj.bias (128)",
        "vim_nano | layers.1.mixer.out_proj.bias | 32 | layers.0.mixer.out_proj.bias (32)",
        "vim_nano | layers.1.mixer.gamma | 32 | layers.0.mixer.gamma (32)",
        "vim_nano | layers.0.norm.bias | 32 | layers.1.norm.bias (32)",
        "vim_nano | norm_f.bias | 32 | layers.0.norm.bias (32)",
        "vim_nano_forward_only | layers.1.mixer.D_b | 64 | layers.0.mixer.A_b_log (64, 16)",
        "vim_nano_nocls_mean | rope.freqs_sin | 32 | rope.freqs_cos (patches, dim)",
      })
  void keysThatOnePlaceHasAlone(String network, String added, long size, String message) {
    Map<String, Tensor> tensors = tensors(network);
    tensors.put(added, Tensor.allocate(ARENA, DType.F32, Shape.of(size)));
    refused(tensors, message.replace(" (", " is missing; expected ("));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"pos_embed", "head\\..*", ".*\\.conv1d\\.bias", ".*\\.conv1d(_b)?\\.bias"})
  void whatANetworkCanBeWithout(String keys) {
    Map<String, Tensor> tensors = tensors("vim_nano");
    assertThat(tensors.keySet().removeIf(key -> key.matches(keys))).isTrue();
    try (Network vim = load(tensors);
        Inference inference =
            vim.plan(new InferenceOptions(1, 32, 32, vim.config().classes() > 0, false, false))) {
      inference.run();
      assertThat(inference.features().toFloats()).doesNotContain(Float.NaN);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "layers.1.mixer.x_proj.weight | 33 64 | layers.1.mixer.x_proj.weight is (33, 64); expected"
            + " (34, 64)",
        "layers.0.mixer.in_proj.weight | 129 32 | layers.0.mixer.in_proj.weight is (129, 32);"
            + " expected (128, 32)",
        "layers.1.mixer.A_log | 64 15 | layers.1.mixer.A_log is (64, 15); expected (64, 16)",
        "head.bias | 11 | head.bias is (11); expected (10)",
        "patch_embed.proj.weight | 32 3 8 16 | patch_embed.proj.weight is (32, 3, 8, 16); expected"
            + " square patches",
        "pos_embed | 1 16 32 | pos_embed is (1, 16, 32): 15 rows beside 1 class tokens are no"
            + " square grid",
        "pos_embed | 1 1 32 | pos_embed is (1, 1, 32): 0 rows beside 1 class tokens are no square"
            + " grid",
        "pos_embed | 1 17 31 | pos_embed is (1, 17, 31); expected (1, 17, 32)",
        "pos_embed | 2 17 32 | pos_embed is (2, 17, 32); expected (1, 17, 32)",
        "cls_token | 1 2 32 | cls_token is (1, 2, 32); expected (1, 1, 32)",
      })
  void oneSizeAmiss(String key, String sizes, String message) {
    Map<String, Tensor> tensors = tensors("vim_nano");
    long[] shape = Stream.of(sizes.split(" ")).mapToLong(Long::parseLong).toArray();
    tensors.put(key, Tensor.allocate(ARENA, DType.F32, Shape.of(shape)));
    refused(tensors, message);
  }

  @Test
  void tablesOfARotaryEmbeddingThatDiffer() {
    Map<String, Tensor> tensors = tensors("vim_nano_rope");
    tensors.put("rope.freqs_sin", tensors.get("rope.freqs_sin").slice(0, 15));
    refused(tensors, "rope.freqs_sin is (15, 32); expected (16, 32)");
  }

  @ParameterizedTest
  @CsvSource({
    "patch_embed.proj.weight, 4, 0, 'dim, colours, patch, patch'",
    "layers.0.mixer.in_proj.weight, 2, 0, '2 * inner, dim'",
    "layers.0.mixer.A_log, 2, 1, 'inner, states'",
    "layers.0.mixer.dt_proj.weight, 2, 1, 'inner, rank'",
    "layers.0.mixer.conv1d.weight, 3, 2, 'inner, 1, kernel'",
    "head.weight, 2, 0, 'classes, dim'",
    "pos_embed, 3, 1, '1, tokens, dim'",
  })
  void sizesBeyondAnInt(String key, int rank, int axis, String axes) throws IOException {
    long size = 1L << 31;
    long[] sizes = new long[rank];
    Arrays.fill(sizes, 1);
    sizes[axis] = size;
    Map<String, Tensor> tensors = tensors("vim_nano");
    // A file that is all hole takes neither disk nor memory until somebody reads it.
    Path file = folder.resolve("hole");
    try (Arena arena = Arena.ofConfined();
        RandomAccessFile hole = new RandomAccessFile(file.toFile(), "rw")) {
      hole.setLength(size);
      MemorySegment segment = hole.getChannel().map(MapMode.READ_ONLY, 0, size, arena);
      tensors.put(key, Tensor.of(segment, DType.U8, Shape.of(sizes)));
      refused(
          tensors,
          "%s is %s; expected (%s) of at most 2147483647 each"
              .formatted(key, Shape.of(sizes), axes));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "layers.999999999.x | layers.3 is missing, though there is layers.999999999",
        "layers.4.norm.weight | layers.3 is missing, though there is layers.4",
        "layers.3.x | layers.3.mixer.A_log is missing; expected (64, 16)",
        "layers.9999999999.x | 1 keys are not of this network: layers.9999999999.x",
        "layers.-1.x | 1 keys are not of this network: layers.-1.x",
        "layers.01.norm.weight | 1 keys are not of this network: layers.01.norm.weight",
        "layers.0.mixer.unknown | 1 keys are not of this network: layers.0.mixer.unknown",
        "'' | '1 keys are not of this network: '",
      })
  void unknownKeys(String key, String message) {
    Map<String, Tensor> tensors = tensors("vim_nano");
    tensors.put(key, tensors.get("norm_f.weight"));
    Assertions.assertTimeoutPreemptively(Duration.ofSeconds(5), () -> refused(tensors, message));
  }

  @Test
  void manyUnknownKeys() {
    Map<String, Tensor> tensors = tensors("vim_nano");
    for (int i = 0; i < 7; i++) {
      tensors.put("optimizer." + i, tensors.get("norm_f.weight"));
    }
    refused(
        tensors,
        "7 keys are not of this network: optimizer.0, optimizer.1, optimizer.2, optimizer.3,"
            + " optimizer.4, ...");
  }

  @Test
  void metadataOfAnotherFamily() {
    Path file = folder.resolve("other.safetensors");
    SafetensorsWriter.write(file, tensors("vim_nano"), Map.of(Architectures.METADATA, "lenet"));
    assertThatThrownBy(() -> Network.open(file, device))
        .isInstanceOf(WeightsException.class)
        .hasMessageEndingWith(
            "has panamba.architecture 'lenet'; expected one of [upernet, cascade, vim, vmamba,"
                + " deit, mambaout]");
    SafetensorsWriter.write(file, tensors("vim_nano"), Map.of(Architectures.METADATA, "vim"));
    Network.open(file, device).close();
  }

  @Test
  void somethingElse() {
    refused(
        Map.of("weight", Tensor.allocate(ARENA, DType.F32, Shape.of(1))),
        "memory: 1 tensors (weight), and no network fits them. UperNet has 0 of 7 kinds of keys;"
            + " decode_head.conv_seg.weight is missing. Cascade R-CNN has 0 of 4 kinds of keys;"
            + " proposal_generator.rpn_head.objectness_logits.weight is missing. Vim has 0 of 11"
            + " kinds of keys; patch_embed.proj.weight is missing. VMamba has 0 of 18 kinds of"
            + " keys; layers.0.blocks.0.op.A_logs is missing. DeiT has 0 of 17 kinds of keys;"
            + " blocks.0.attn.qkv.weight is missing. MambaOut has 0 of 20 kinds of keys;"
            + " downsample_layers.0.conv1.weight is missing.");
  }
}
