package io.panamba.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys with something before them, dictionaries within dictionaries, files beside each other. */
class KeyReadingTest {
  private static final byte[] SIX = CheckpointFiles.floats(1, 2, 3, 4, 5, 6);

  @TempDir Path folder;

  private static Checkpoint of(String... keys) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (String key : keys) {
      tensors.put(key, Tensor.of(Arena.ofAuto(), Shape.of(1), key.length()));
    }
    return Checkpoint.of(tensors);
  }

  private static Checkpoint last(Checkpoint checkpoint) {
    return checkpoint.readings().getLast();
  }

  @Test
  void theKeysAsTheyStandComeFirst() {
    try (Checkpoint checkpoint = of("backbone.a", "head.b")) {
      List<Checkpoint> readings = checkpoint.readings();
      assertThat(readings.getFirst().keys()).containsExactly("backbone.a", "head.b");
      assertThat(readings.getFirst().removedPrefixes()).isEmpty();
      assertThat(readings.get(1).keys()).containsExactly("a", "head.b");
      assertThat(readings.get(1).removedPrefixes()).containsExactly("backbone.");
      assertThat(readings.get(1).isBeside("head.b")).isTrue();
      assertThat(readings.get(1).isBeside("a")).isFalse();
      assertThat(readings.get(1).find("a").orElseThrow().toFloats()).containsExactly(10);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "module.",
        "_orig_mod.",
        "model.",
        "backbone.",
        "encoder.",
        "module.module.",
        "module._orig_mod.",
        "_orig_mod.module.",
        "model._orig_mod.backbone.",
        "module.model.encoder."
      })
  void prefixesWithinEachOther(String prefix) {
    try (Checkpoint checkpoint = of(prefix + "a", prefix + "layers.0.b")) {
      assertThat(checkpoint.readings())
          .anySatisfy(reading -> assertThat(reading.keys()).containsExactly("a", "layers.0.b"));
    }
  }

  @Test
  void compiledLayersOfANetwork() {
    try (Checkpoint checkpoint = of("a", "layers.0._orig_mod.b", "layers.1._orig_mod.b")) {
      assertThat(last(checkpoint).keys()).containsExactly("a", "layers.0.b", "layers.1.b");
    }
  }

  @Test
  void someKeysAlone() {
    try (Checkpoint checkpoint = of("module.a", "model.b", "c")) {
      assertThat(checkpoint.readings())
          .anySatisfy(reading -> assertThat(reading.keys()).containsExactly("a", "b", "c"));
    }
  }

  @Test
  void twoKeysThatWouldBecomeOneStayApart() {
    try (Checkpoint checkpoint = of("model.a", "a")) {
      assertThat(checkpoint.readings()).hasSize(1);
    }
  }

  @Test
  void longKeysTakeTimeInProportion() {
    String key = "module.".repeat(300_000) + "a";
    try (Checkpoint checkpoint = of(key, "_orig_mod.".repeat(300_000) + "b")) {
      assertThat(last(checkpoint).keys()).containsExactly("a", "b");
    }
  }

  @Test
  void countersMayBeLeftOut() {
    Map<String, Tensor> tensors =
        Map.of(
            "n_averaged", Tensor.allocate(Arena.ofAuto(), DType.I64, Shape.of()),
            "scale", Tensor.of(Arena.ofAuto(), Shape.of(), 2));
    try (Checkpoint checkpoint = Checkpoint.of(tensors)) {
      assertThat(checkpoint.isBeside("n_averaged")).isTrue();
      assertThat(checkpoint.isBeside("scale")).isFalse();
    }
  }

  private static PickleBuilder tensor(PickleBuilder pickle, String key) {
    return pickle
        .text(key)
        .tensor("FloatStorage", "0", 6, 0, new long[] {6}, new long[] {1})
        .op('s');
  }

  private Checkpoint open(PickleBuilder pickle) throws IOException {
    Path file = folder.resolve("checkpoint.pth");
    Files.write(file, CheckpointFiles.torch(pickle.end(), Map.of("0", SIX)));
    return Checkpoint.open(file);
  }

  @Test
  void aTensorBesideTheStateDict() throws IOException {
    PickleBuilder pickle = new PickleBuilder().op('}').text("model").op('}');
    tensor(tensor(pickle, "a"), "b").op('s');
    try (Checkpoint checkpoint = open(tensor(pickle, "rng_state"))) {
      assertThat(checkpoint.keys()).containsExactly("a", "b");
      assertThat(checkpoint.metadata()).containsEntry("dictionary", "model");
    }
  }

  @Test
  void aStateDictWithinADictionary() throws IOException {
    PickleBuilder pickle = new PickleBuilder().op('}').text("state_dict").op('}').text("model");
    try (Checkpoint checkpoint = open(tensor(pickle.op('}'), "a").op('s', 's'))) {
      assertThat(checkpoint.keys()).containsExactly("a");
      assertThat(checkpoint.metadata()).containsEntry("dictionary", "state_dict.model");
    }
  }

  /** A Parameter with attributes: (data, requires_grad, hooks, state). */
  @Test
  void parametersWithAttributes() throws IOException {
    PickleBuilder pickle =
        new PickleBuilder()
            .op('}')
            .text("a")
            .global("torch._utils", "_rebuild_parameter_with_state")
            .op('(')
            .tensor("FloatStorage", "0", 6, 0, new long[] {6}, new long[] {1})
            .op(0x88)
            .global("collections", "OrderedDict")
            .op(')', 'R')
            .op('}')
            .text("_no_weight_decay")
            .op(0x88, 's', 't', 'R', 's');
    try (Checkpoint checkpoint = open(pickle)) {
      assertThat(checkpoint.find("a").orElseThrow().toFloats()).containsExactly(1, 2, 3, 4, 5, 6);
    }
  }

  /** Quantised and negated tensors are not taken for plain ones, nor for absent. */
  @Test
  void tensorsThatAreMadeInOtherWays() throws IOException {
    PickleBuilder pickle =
        new PickleBuilder()
            .op('}')
            .text("quantised")
            .global("torch._utils", "_rebuild_qtensor")
            .op(')', 'R', 's')
            .text("negated")
            .global("torch._utils", "_rebuild_tensor_v2")
            .op('(');
    pickle.op('(').text("storage").global("torch", "FloatStorage").text("0").text("cpu").number(6);
    pickle.op('t', 'Q').number(0).numbers(6).numbers(1).op(0x89);
    pickle.global("collections", "OrderedDict").op(')', 'R');
    pickle.op('}').text("neg").op(0x88, 's', 't', 'R', 's');
    try (Checkpoint checkpoint = open(tensor(pickle, "plain"))) {
      for (String key : List.of("quantised", "negated")) {
        assertThat(checkpoint.keys()).contains(key);
        assertThatThrownBy(() -> checkpoint.find(key))
            .isInstanceOf(CheckpointException.class)
            .hasMessageContaining("made by a function that is not read");
      }
      assertThat(checkpoint.find("plain")).isPresent();
    }
  }

  @Test
  void typesThatAreNotReadAreNamedWhenTheyAreAskedFor() throws IOException {
    String header =
        "{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[4],\"data_offsets\":[0,4]},"
            + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}";
    Path file = folder.resolve("checkpoint.safetensors");
    Files.write(file, CheckpointFiles.safetensors(header, new byte[8]));
    try (Checkpoint checkpoint = Checkpoint.open(file)) {
      assertThat(checkpoint.keys()).isEqualTo(Set.of("a", "b"));
      assertThat(checkpoint.find("b")).isPresent();
      assertThatThrownBy(() -> checkpoint.find("a"))
          .isInstanceOf(CheckpointException.class)
          .hasMessageContaining("float8_e4m3");
    }
  }

  private void shard(String name, String... keys) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (String key : keys) {
      tensors.put(key, Tensor.of(Arena.ofAuto(), Shape.of(1), key.length()));
    }
    SafetensorsWriter.write(folder.resolve(name), tensors, Map.of("format", "pt"));
  }

  private Path index(String... keysAndFiles) throws IOException {
    StringBuilder map = new StringBuilder();
    for (int i = 0; i < keysAndFiles.length; i += 2) {
      map.append(i == 0 ? "" : ",")
          .append("\"%s\":\"%s\"".formatted(keysAndFiles[i], keysAndFiles[i + 1]));
    }
    Path index = folder.resolve("model.safetensors.index.json");
    Files.writeString(
        index, "{\"metadata\":{\"total_size\":8},\"weight_map\":{%s}}".formatted(map));
    return index;
  }

  @Test
  void shardsAreOneCheckpoint() throws IOException {
    shard("model-00001-of-00002.safetensors", "a", "bb");
    shard("model-00002-of-00002.safetensors", "ccc");
    Path index =
        index(
            "a", "model-00001-of-00002.safetensors",
            "ccc", "model-00002-of-00002.safetensors",
            "bb", "model-00001-of-00002.safetensors");
    for (Path path : List.of(index, folder)) {
      try (Checkpoint checkpoint = Checkpoint.open(path)) {
        assertThat(checkpoint.keys()).containsExactlyInAnyOrder("a", "bb", "ccc");
        assertThat(checkpoint.find("ccc").orElseThrow().toFloats()).containsExactly(3);
        assertThat(checkpoint.metadata()).containsEntry("format", "pt");
      }
    }
  }

  private void refused(Path index, String words) {
    assertThatThrownBy(() -> Checkpoint.open(index))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining(words);
  }

  @Test
  void indexesThatLie() throws IOException {
    shard("one.safetensors", "a");
    shard("two.safetensors", "a", "b");
    refused(index("a", "none.safetensors"), "none.safetensors of the index is missing");
    refused(index("b", "one.safetensors"), "b is not in one.safetensors");
    refused(index("b", "two.safetensors"), "has 2 tensors; the index says 1");
    refused(index("a", "../one.safetensors"), "expected one beside the index");
    refused(index("a", "/one.safetensors"), "expected one beside the index");
    refused(index("a", "model.safetensors.index.json"), "expected one beside the index");
    refused(index(), "names 0 files");
    Path broken = folder.resolve("broken.safetensors.index.json");
    Files.write(broken, "{\"weight_map\":[]}".getBytes(StandardCharsets.UTF_8));
    refused(broken, "weight_map");
  }

  /** JSON has texts that no file can have for a name, and names that no locale may know. */
  @Test
  void namesInAnIndexAreNoText() throws IOException {
    refused(index("a", "\\ud800.safetensors"), "no file beside the index can have the name");
    refused(index("a", "\\udc00.safetensors"), "no file beside the index can have the name");
    refused(index("a", "\\u65e5.safetensors"), "of the index is missing");
    shard("\u65e5.safetensors", "a");
    shard("m-1.safetensors", "b");
    try (Checkpoint checkpoint =
        Checkpoint.open(index("a", "\\u65e5.safetensors", "b", "m-\\u0031.safetensors"))) {
      assertThat(checkpoint.keys()).containsExactly("a", "b");
    }
  }

  @Test
  void theFilesOfAnIndexAreTold() throws IOException {
    Path index = index("a", "m-\\u0031.safetensors", "b", "none.safetensors");
    assertThat(Checkpoint.files(folder))
        .isEqualTo(Checkpoint.files(index))
        .containsExactly(
            index, folder.resolve("m-1.safetensors"), folder.resolve("none.safetensors"));
    assertThat(Checkpoint.files(folder.resolve("x"))).containsExactly(folder.resolve("x"));
  }

  /** A folder that holds a link to itself and an index of that link. */
  @Test
  void anIndexOfFolders() throws IOException {
    Files.createSymbolicLink(folder.resolve("sub"), Path.of("."));
    refused(index("a", "sub"), "this is a folder");
  }

  /** An interrupt ends the opening of an index and of its files, and every read of them. */
  @Test
  void interruptsOfShards() throws IOException {
    shard("one.safetensors", "a");
    Path index = index("a", "one.safetensors");
    interrupted(() -> Checkpoint.open(index));
    interrupted(() -> Checkpoint.files(index));
    try (Checkpoint checkpoint = Checkpoint.open(index)) {
      StoredTensor tensor = checkpoint.find("a").orElseThrow();
      interrupted(tensor::toFloats);
    }
    try (Checkpoint checkpoint = Checkpoint.open(index);
        Arena arena = Arena.ofConfined()) {
      StoredTensor tensor = checkpoint.find("a").orElseThrow();
      interrupted(() -> tensor.copy(arena));
    }
    try (Checkpoint checkpoint = Checkpoint.open(index)) {
      StoredTensor tensor = checkpoint.find("a").orElseThrow();
      interrupted(() -> tensor.read(0, MemorySegment.ofArray(new byte[4])));
    }
  }

  private static void interrupted(ThrowingCallable reading) {
    Thread.currentThread().interrupt();
    assertThatThrownBy(reading)
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("interrupted");
    assertThat(Thread.interrupted()).isTrue();
  }

  /** A shard that shrinks after the checkpoint was opened. */
  @Test
  void aShardThatShrinks() throws IOException {
    shard("one.safetensors", "a");
    shard("two.safetensors", "b");
    try (Checkpoint checkpoint =
        Checkpoint.open(index("a", "one.safetensors", "b", "two.safetensors"))) {
      try (FileChannel channel =
          FileChannel.open(folder.resolve("two.safetensors"), StandardOpenOption.WRITE)) {
        channel.truncate(20);
      }
      assertThat(checkpoint.find("a").orElseThrow().toFloats()).containsExactly(1);
      assertThatThrownBy(() -> checkpoint.find("b").orElseThrow().toFloats())
          .isInstanceOf(CheckpointException.class)
          .hasMessageContaining("changed while it was read");
    }
  }

  /** In a process of little memory, with as many readings as there can be. */
  @Test
  void manyKeysAndEveryReading() throws Exception {
    Path file = folder.resolve("many.safetensors");
    Files.write(file, manyKeys(100_000));
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx150m",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Readings.class.getName(),
                file.toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    assertThat(output.strip()).isEqualTo("40 readings, 1 with layers.0.a");
  }

  /** Empty tensors, and 27 keys under every three attributes. */
  private static byte[] manyKeys(int count) {
    StringBuilder header = new StringBuilder("{");
    List<String> attributes = List.of("model.", "backbone.", "encoder.");
    for (String outer : attributes) {
      for (String middle : attributes) {
        for (String inner : attributes) {
          String key = outer + middle + inner;
          empty(
              header,
              key + (key.equals("model.backbone.encoder.") ? "layers.0.a" : key.hashCode()));
        }
      }
    }
    for (int i = 0; i < count; i++) {
      empty(header, "k" + i);
    }
    header.setCharAt(header.length() - 1, '}');
    return CheckpointFiles.safetensors(header.toString(), new byte[0]);
  }

  private static void empty(StringBuilder header, String key) {
    header
        .append('"')
        .append(key)
        .append("\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},");
  }

  /** Looks into every reading and keeps the list of them. */
  static final class Readings {
    private Readings() {}

    public static void main(String[] arguments) {
      try (Checkpoint checkpoint = Checkpoint.open(Path.of(arguments[0]))) {
        List<Checkpoint> readings = checkpoint.readings();
        int keys = 0;
        for (Checkpoint reading : readings) {
          keys += reading.keys().contains("layers.0.a") ? 1 : 0;
        }
        System.out.println(readings.size() + " readings, " + keys + " with layers.0.a");
      }
    }
  }
}
