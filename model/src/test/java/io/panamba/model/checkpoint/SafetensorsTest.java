package io.panamba.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsTest {
  private static final byte[] DATA = CheckpointFiles.floats(1, 2, 3, 4);

  @TempDir Path folder;

  private Path file(byte[] bytes) throws IOException {
    Path path = folder.resolve("file.safetensors");
    Files.write(path, bytes);
    return path;
  }

  private static String entry(String dtype, String shape, String offsets) {
    return "{\"w\":{\"dtype\":%s,\"shape\":%s,\"data_offsets\":%s}}"
        .formatted(dtype, shape, offsets);
  }

  private void refused(String header) throws IOException {
    Path path = file(CheckpointFiles.safetensors(header, DATA));
    assertThatThrownBy(() -> Checkpoint.open(path))
        .as(header)
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("file.safetensors");
  }

  @Test
  void readsWhatItWrites() {
    Path path = folder.resolve("written.safetensors");
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    try (Arena arena = Arena.ofConfined()) {
      tensors.put("a \"quoted\" näme 😀", Tensor.of(arena, Shape.of(2, 2), 1, 2, 3, 4));
      tensors.put("empty", Tensor.allocate(arena, DType.F32, Shape.of(0, 3)));
      tensors.put("scalar", Tensor.of(arena, Shape.of(), 7));
      tensors.put("longs", Tensor.allocate(arena, DType.I64, Shape.of(3)));
      SafetensorsWriter.write(path, tensors, Map.of("paths", "[\"a\\b\n\"]"));
    }
    try (Checkpoint checkpoint = Checkpoint.open(path)) {
      assertThat(checkpoint.keys()).containsExactlyElementsOf(tensors.keySet());
      assertThat(checkpoint.metadata()).containsExactlyEntriesOf(Map.of("paths", "[\"a\\b\n\"]"));
      assertThat(checkpoint.find("a \"quoted\" näme 😀").orElseThrow().toFloats())
          .containsExactly(1, 2, 3, 4);
      assertThat(checkpoint.find("scalar").orElseThrow().toFloats()).containsExactly(7);
      assertThat(checkpoint.find("empty").orElseThrow().shape()).isEqualTo(Shape.of(0, 3));
      assertThat(checkpoint.find("longs").orElseThrow().dtype()).isEqualTo(DType.I64);
    }
    assertThat(folder).isDirectoryContaining("glob:**written.safetensors");
    assertThat(folder.toFile().list()).hasSize(1);
  }

  /** Locales with digits, a dotless i and a calendar of their own. */
  @ParameterizedTest
  @ValueSource(strings = {"fa-IR", "ar-EG", "mr-IN", "bn-BD", "my-MM", "tr-TR", "th-TH-u-nu-thai"})
  void bytesDoNotDependOnTheLocale(String tag) throws IOException {
    Path path = folder.resolve("written.safetensors");
    Locale before = Locale.getDefault();
    try (Arena arena = Arena.ofConfined()) {
      Map<String, Tensor> tensors =
          Map.of("INPUT\u0001", Tensor.allocate(arena, DType.F32, Shape.of(12, 345)));
      SafetensorsWriter.write(path, tensors, Map.of("i", "1"));
      byte[] expected = Files.readAllBytes(path);
      Locale.setDefault(Locale.forLanguageTag(tag));
      SafetensorsWriter.write(path, tensors, Map.of("i", "1"));
      assertThat(path).hasBinaryContent(expected);
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void metadataIsInTheOrderOfNames() throws IOException {
    Path path = folder.resolve("written.safetensors");
    SequencedMap<String, String> metadata = new LinkedHashMap<>();
    for (String name : List.of("b", "a", "C", "ä", "aa")) {
      metadata.put(name, name);
    }
    SafetensorsWriter.write(path, Map.of(), metadata);
    byte[] bytes = Files.readAllBytes(path);
    SafetensorsWriter.write(path, Map.of(), metadata.reversed());
    assertThat(path).hasBinaryContent(bytes);
    try (Checkpoint checkpoint = Checkpoint.open(path)) {
      assertThat(checkpoint.metadata().keySet()).containsExactly("C", "a", "aa", "b", "ä");
    }
  }

  @Test
  void aLinkStaysALink() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "old");
    Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("file"));
    SafetensorsWriter.write(link, Map.of(), Map.of("name", "text"));
    assertThat(Files.isSymbolicLink(link)).isTrue();
    try (Checkpoint checkpoint = Checkpoint.open(file)) {
      assertThat(checkpoint.metadata()).containsEntry("name", "text");
    }
  }

  @Test
  void aFailedWriteLeavesNothing() {
    assertThatThrownBy(
            () -> SafetensorsWriter.write(folder.resolve("none/x.safetensors"), Map.of(), Map.of()))
        .isInstanceOf(CheckpointException.class);
    assertThat(folder).isEmptyDirectory();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}}",
        "{",
        "[]",
        "{\"w\":1}",
        "{\"w\":{}}",
        "{\"w\":{\"dtype\":\"F32\"}}",
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[4]}}",
        "{\"__metadata__\":{\"a\":1}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16],}}",
        "{\"w\\u12\":1}",
        "{\"w\":nul}",
        "{\"w\":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}"
      })
  void refusesBrokenHeaders(String header) throws IOException {
    refused(header);
  }

  @Test
  void refusesImpossibleTensors() throws IOException {
    refused(entry("4", "[4]", "[0,16]"));
    refused(entry("\"F32\"", "[4]", "[0,20]"));
    refused(entry("\"F32\"", "[4]", "[0,12]"));
    refused(entry("\"F32\"", "[5]", "[0,16]"));
    refused(entry("\"F32\"", "[-4]", "[0,16]"));
    refused(entry("\"F32\"", "[4.0]", "[0,16]"));
    refused(entry("\"F32\"", "[4]", "[16,0]"));
    refused(entry("\"F32\"", "[4]", "[-16,0]"));
    refused(entry("\"F32\"", "[4]", "[0]"));
    refused(entry("\"F32\"", "[9223372036854775807,9223372036854775807]", "[0,16]"));
    refused(entry("\"F32\"", "[99999999999999999999]", "[0,16]"));
    refused(entry("\"F32\"", "[4]", "[9223372036854775800,9223372036854775807]"));
  }

  @Test
  void refusesLyingHeaderLengths() throws IOException {
    byte[] good = CheckpointFiles.safetensors(entry("\"F32\"", "[4]", "[0,16]"), DATA);
    Checkpoint.open(file(good)).close();
    for (long length : new long[] {0, 1, -1, Long.MAX_VALUE, good.length, 1L << 33}) {
      byte[] lying = good.clone();
      for (int i = 0; i < 8; i++) {
        lying[i] = (byte) (length >> (8 * i));
      }
      Path path = file(lying);
      assertThatThrownBy(() -> Checkpoint.open(path)).isInstanceOf(CheckpointException.class);
    }
  }

  @Test
  void refusesEveryTruncation() throws IOException {
    byte[] good = CheckpointFiles.safetensors(entry("\"F32\"", "[4]", "[0,16]"), DATA);
    for (int length = 0; length < good.length; length++) {
      Path path = file(java.util.Arrays.copyOf(good, length));
      assertThatThrownBy(() -> Checkpoint.open(path)).isInstanceOf(CheckpointException.class);
    }
  }

  @Test
  void tensorsEndWithTheirCheckpoint() throws IOException {
    Checkpoint checkpoint =
        Checkpoint.open(file(CheckpointFiles.safetensors(entry("\"F32\"", "[4]", "[0,16]"), DATA)));
    StoredTensor tensor = checkpoint.find("w").orElseThrow();
    checkpoint.close();
    checkpoint.close();
    assertThatThrownBy(tensor::toFloats).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void conversionsToFloat() throws IOException {
    String header =
        "{\"h\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[4,8]},"
            + "\"d\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[8,16]},\"i\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[16,20]}}";
    byte[] data = {
      0,
      0x3c,
      0,
      (byte) 0xc0,
      (byte) 0x80,
      0x3f,
      0,
      (byte) 0xc0,
      0,
      0,
      0,
      0,
      0,
      0,
      4,
      0x40,
      1,
      0,
      0,
      0
    };
    try (Checkpoint checkpoint = Checkpoint.open(file(CheckpointFiles.safetensors(header, data)))) {
      assertThat(checkpoint.find("h").orElseThrow().toFloats()).containsExactly(1, -2);
      assertThat(checkpoint.find("b").orElseThrow().toFloats()).containsExactly(1, -2);
      assertThat(checkpoint.find("d").orElseThrow().toFloats()).containsExactly(2.5f);
      StoredTensor integers = checkpoint.find("i").orElseThrow();
      assertThatThrownBy(integers::toFloats)
          .isInstanceOf(io.panamba.runtime.ShapeException.class)
          .hasMessageContaining("I32");
    }
  }
}
