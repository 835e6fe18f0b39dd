package io.panamba.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Other names, and one tensor of several. */
class KeyMapTest {
  private static final KeyMap NAMES =
      KeyMap.builder()
          .rename("net.layer.#.dense", "blocks.#.proj")
          .rename("net.layer.#.dense.inner", "blocks.#.inner")
          .rename("net.token", "token")
          .join("blocks.#.qkv", "net.layer.#.q", "net.layer.#.k", "net.layer.#.v")
          .leaveOut("net.pooler")
          .build();

  @TempDir private Path folder;

  private static Checkpoint of(Map<String, Shape> shapes) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    int next = 0;
    for (Map.Entry<String, Shape> entry : shapes.entrySet()) {
      float[] values = new float[(int) entry.getValue().elements()];
      for (int i = 0; i < values.length; i++) {
        values[i] = next++;
      }
      tensors.put(entry.getKey(), Tensor.of(Arena.ofAuto(), entry.getValue(), values));
    }
    return Checkpoint.of(tensors);
  }

  private static Checkpoint of(String... keys) {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    for (String key : keys) {
      shapes.put(key, Shape.of(2));
    }
    return of(shapes);
  }

  private static float[] floats(Checkpoint checkpoint, String key) {
    return checkpoint.find(key).orElseThrow().toFloats();
  }

  private Checkpoint file(byte[] bytes) throws IOException {
    Path file = folder.resolve("file");
    Files.write(file, bytes);
    return Checkpoint.open(file);
  }

  @Test
  void whatBelongsToANameFollowsIt() {
    try (Checkpoint checkpoint =
        of(
            "net.layer.0.dense.weight",
            "net.layer.12.dense.inner.bias",
            "net.token",
            "net.layer.x.dense.weight",
            "net.tokens",
            "other")) {
      Checkpoint view = checkpoint.under(NAMES);
      assertThat(view.keys())
          .containsExactly(
              "blocks.0.proj.weight",
              "blocks.12.inner.bias",
              "token",
              "net.layer.x.dense.weight",
              "net.tokens",
              "other");
      assertThat(floats(view, "blocks.12.inner.bias")).containsExactly(2, 3);
      assertThat(view.find("net.token")).isEmpty();
      assertThat(view.readings()).containsExactly(view);
      assertThat(checkpoint.keys()).contains("net.token");
    }
  }

  @Test
  void partsFollowEachOtherInTheOrderOfTheRule() {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    shapes.put("net.layer.3.v.weight", Shape.of(1, 2));
    shapes.put("net.layer.3.q.weight", Shape.of(2, 2));
    shapes.put("net.layer.3.k.weight", Shape.of(1, 2));
    shapes.put("net.layer.3.v.bias", Shape.of(1));
    shapes.put("net.layer.3.k.bias", Shape.of(1));
    shapes.put("net.layer.3.q.bias", Shape.of(2));
    try (Checkpoint checkpoint = of(shapes)) {
      Checkpoint view = checkpoint.under(NAMES);
      assertThat(view.keys()).containsExactly("blocks.3.qkv.weight", "blocks.3.qkv.bias");
      StoredTensor weight = view.find("blocks.3.qkv.weight").orElseThrow();
      assertThat(weight.shape()).isEqualTo(Shape.of(4, 2));
      assertThat(weight.dtype()).isEqualTo(DType.F32);
      assertThat(weight.strides()).containsExactly(2, 1);
      assertThat(weight.isContiguous()).isTrue();
      assertThat(weight.byteSize()).isEqualTo(32);
      assertThat(weight.toFloats()).containsExactly(2, 3, 4, 5, 6, 7, 0, 1);
      assertThat(floats(view, "blocks.3.qkv.bias")).containsExactly(10, 11, 9, 8);
      assertThat(view.nameBefore("blocks.3.qkv.bias"))
          .isEqualTo("net.layer.3.q.bias + net.layer.3.k.bias + net.layer.3.v.bias");
    }
  }

  @Test
  void aRangeMayBeginAndEndInAnyPart() {
    try (Checkpoint checkpoint = of("net.layer.0.q", "net.layer.0.k", "net.layer.0.v")) {
      StoredTensor joined = checkpoint.under(NAMES).find("blocks.0.qkv").orElseThrow();
      for (int first = 0; first <= 6; first++) {
        for (int count = 0; first + count <= 6; count++) {
          MemorySegment range = MemorySegment.ofArray(new byte[4 * count]);
          joined.read(first, range);
          for (int i = 0; i < count; i++) {
            assertThat(joined.element(range, i)).isEqualTo(first + i);
          }
        }
      }
      MemorySegment tooMuch = MemorySegment.ofArray(new byte[8]);
      assertThatThrownBy(() -> joined.read(5, tooMuch))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  /** 1, 2 in each of three types. */
  private static byte[] types(String q, byte[] first, String k, byte[] second) {
    String header =
        """
        {"net.layer.0.q":{"dtype":"%s","shape":[2],"data_offsets":[0,%d]},\
        "net.layer.0.k":{"dtype":"%s","shape":[2],"data_offsets":[%d,%d]},\
        "net.layer.0.v":{"dtype":"F32","shape":[2],"data_offsets":[%d,%d]}}\
        """
            .formatted(
                q,
                first.length,
                k,
                first.length,
                first.length + second.length,
                first.length + second.length,
                first.length + second.length + 8);
    ByteBuffer data = ByteBuffer.allocate(first.length + second.length + 8);
    data.put(first).put(second).put(CheckpointFiles.floats(5, 6));
    return CheckpointFiles.safetensors(header, data.array());
  }

  private static byte[] halves(float... values) {
    ByteBuffer buffer = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      buffer.putShort(Float.floatToFloat16(value));
    }
    return buffer.array();
  }

  private static byte[] brains(float... values) {
    ByteBuffer buffer = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      buffer.putShort((short) (Float.floatToRawIntBits(value) >> 16));
    }
    return buffer.array();
  }

  private static byte[] doubles(double... values) {
    ByteBuffer buffer = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (double value : values) {
      buffer.putDouble(value);
    }
    return buffer.array();
  }

  @Test
  void ofSeveralTypesAWiderOneIsMade() throws IOException {
    try (Checkpoint checkpoint = file(types("F16", halves(1.5f, 2), "BF16", brains(3, 4)))) {
      StoredTensor joined = checkpoint.under(NAMES).find("blocks.0.qkv").orElseThrow();
      assertThat(joined.dtype()).isEqualTo(DType.F32);
      assertThat(joined.toFloats()).containsExactly(1.5f, 2, 3, 4, 5, 6);
    }
    try (Checkpoint checkpoint = file(types("F64", doubles(0.1, 2), "BF16", brains(3, 4)))) {
      StoredTensor joined = checkpoint.under(NAMES).find("blocks.0.qkv").orElseThrow();
      assertThat(joined.dtype()).isEqualTo(DType.F64);
      try (Arena arena = Arena.ofConfined()) {
        assertThat(joined.copy(arena).toArray(ValueLayout.JAVA_DOUBLE))
            .containsExactly(0.1, 2, 3, 4, 5, 6);
      }
    }
  }

  @Test
  void ofOneTypeTheBitsStay() {
    String header =
        """
        {"net.layer.0.v":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},\
        "net.layer.0.k":{"dtype":"F16","shape":[1],"data_offsets":[2,4]},\
        "net.layer.0.q":{"dtype":"F16","shape":[2],"data_offsets":[4,8]}}\
        """;
    try (Checkpoint checkpoint =
            Checkpoint.read(
                "memory", CheckpointFiles.safetensors(header, halves(1, 2, Float.NaN, 4)));
        Arena arena = Arena.ofConfined()) {
      StoredTensor joined = checkpoint.under(NAMES).find("blocks.0.qkv").orElseThrow();
      assertThat(joined.dtype()).isEqualTo(DType.F16);
      assertThat(joined.copy(arena).toArray(ValueLayout.JAVA_BYTE))
          .isEqualTo(halves(Float.NaN, 4, 2, 1));
    }
  }

  @Test
  void partsMayHaveAnyStrides() throws IOException {
    byte[] pickle =
        new PickleBuilder()
            .op('}')
            .text("net.layer.0.q")
            .tensor("FloatStorage", "0", 6, 0, new long[] {2, 2}, new long[] {3, 1})
            .op('s')
            .text("net.layer.0.k")
            .tensor("FloatStorage", "0", 6, 0, new long[] {3, 2}, new long[] {1, 3})
            .op('s')
            .text("net.layer.0.v")
            .tensor("FloatStorage", "0", 6, 4, new long[] {2, 2}, new long[] {0, 1})
            .op('s')
            .end();
    byte[] six = CheckpointFiles.floats(1, 2, 3, 4, 5, 6);
    Checkpoint checkpoint = file(CheckpointFiles.torch(pickle, Map.of("0", six)));
    StoredTensor joined = checkpoint.under(NAMES).find("blocks.0.qkv").orElseThrow();
    assertThat(joined.shape()).isEqualTo(Shape.of(7, 2));
    assertThat(joined.toFloats()).containsExactly(1, 2, 4, 5, 1, 4, 2, 5, 3, 6, 5, 6, 5, 6);
    MemorySegment range = MemorySegment.ofArray(new byte[12]);
    joined.read(3, range);
    assertThat(joined.element(range, 0)).isEqualTo(5);
    assertThat(joined.element(range, 2)).isEqualTo(4);
    checkpoint.close();
    assertThatThrownBy(() -> joined.read(0, range)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aMissingPartIsCalledAsInTheFile() {
    try (Checkpoint checkpoint = of("net.layer.7.q.bias", "net.layer.7.v.bias")) {
      assertThatThrownBy(() -> checkpoint.under(NAMES))
          .isInstanceOf(WeightsException.class)
          .hasMessage("net.layer.7.k.bias is missing beside net.layer.7.q.bias");
    }
  }

  @Test
  void partsThatDoNotFit() throws IOException {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    shapes.put("net.layer.0.q", Shape.of(2, 3));
    shapes.put("net.layer.0.k", Shape.of(2, 4));
    shapes.put("net.layer.0.v", Shape.of(2, 3));
    try (Checkpoint checkpoint = of(shapes)) {
      assertThatThrownBy(() -> checkpoint.under(NAMES))
          .isInstanceOf(WeightsException.class)
          .hasMessageContaining("net.layer.0.q is ")
          .hasMessageContaining("and net.layer.0.k is ");
    }
    try (Checkpoint checkpoint = file(types("F16", halves(1, 2), "I16", halves(3, 4)))) {
      assertThatThrownBy(() -> checkpoint.under(NAMES))
          .isInstanceOf(WeightsException.class)
          .hasMessage("net.layer.0.q has elements of type F16, and net.layer.0.k of type I16");
    }
    try (Checkpoint checkpoint = of(Map.of("net.layer.0.q", Shape.of()))) {
      assertThatThrownBy(() -> checkpoint.under(NAMES))
          .isInstanceOf(WeightsException.class)
          .hasMessageContaining("net.layer.0.k is missing");
    }
  }

  @Test
  void lengthsBeyondAllNumbers() {
    String entry = "\"net.layer.0.%s\":{\"dtype\":\"F32\",\"shape\":[%d,0],\"data_offsets\":[0,0]}";
    String header =
        "{"
            + String.join(
                ",",
                entry.formatted("q", Long.MAX_VALUE / 2),
                entry.formatted("k", Long.MAX_VALUE / 2),
                entry.formatted("v", Long.MAX_VALUE / 2))
            + "}";
    try (Checkpoint checkpoint =
        Checkpoint.read("memory", CheckpointFiles.safetensors(header, new byte[0]))) {
      assertThatThrownBy(() -> checkpoint.under(NAMES))
          .isInstanceOf(WeightsException.class)
          .hasMessageContaining("one can't follow the other");
    }
  }

  @Test
  void oneNameForTwoIsRefused() {
    try (Checkpoint checkpoint = of("token", "net.token")) {
      assertThatThrownBy(() -> checkpoint.under(NAMES))
          .isInstanceOf(WeightsException.class)
          .hasMessage("token and net.token are both token; a network has one");
    }
    try (Checkpoint checkpoint = of("net.layer.0.q", "blocks.0.qkv")) {
      assertThatThrownBy(() -> checkpoint.under(NAMES))
          .isInstanceOf(WeightsException.class)
          .hasMessageContaining("are both blocks.0.qkv");
    }
  }

  @Test
  void whatIsLeftOutLiesBeside() {
    try (Checkpoint checkpoint = of("module.net.pooler.weight", "module.net.token")) {
      Checkpoint reading = checkpoint.readings().getLast();
      Checkpoint view = reading.under(NAMES);
      assertThat(view.keys()).containsExactly("net.pooler.weight", "token");
      assertThat(view.isBeside("net.pooler.weight")).isTrue();
      assertThat(view.isBeside("token")).isFalse();
      assertThat(view.removedPrefixes()).containsExactly("module.");
    }
  }

  @Test
  void namesBefore() {
    try (Checkpoint checkpoint = of("net.token", "other")) {
      assertThat(checkpoint.nameBefore("token")).isEqualTo("token");
      Checkpoint view = checkpoint.under(NAMES);
      assertThat(view.nameBefore("token")).isEqualTo("net.token");
      assertThat(view.nameBefore("other")).isEqualTo("other");
      // Of what is not there, as the file would call it.
      assertThat(view.nameBefore("blocks.4.proj.bias")).isEqualTo("net.layer.4.dense.bias");
      assertThat(view.nameBefore("blocks.4.qkv.bias"))
          .isEqualTo("net.layer.4.q.bias + net.layer.4.k.bias + net.layer.4.v.bias");
      assertThat(view.nameBefore("norm.bias")).isEqualTo("norm.bias");
    }
  }

  @Test
  void whatCanNotBeReadIsCalledAsInTheFile() {
    String header =
        """
        {"net.layer.0.q":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]},\
        "net.layer.0.k":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[1,2]},\
        "net.layer.0.v":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}\
        """;
    try (Checkpoint checkpoint =
        Checkpoint.read("memory", CheckpointFiles.safetensors(header, new byte[6]))) {
      Checkpoint view = checkpoint.under(NAMES);
      assertThat(view.keys()).containsExactly("blocks.0.qkv");
      assertThatThrownBy(() -> view.find("blocks.0.qkv"))
          .isInstanceOf(CheckpointException.class)
          .hasMessageContaining("net.layer.0.q has elements of type F8_E4M3");
    }
  }

  @Test
  void rulesOfOneNameAreRefused() {
    KeyMap.Builder twice = KeyMap.builder().rename("a", "b").rename("a", "c");
    assertThatThrownBy(twice::build)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("two rules have a");
    assertThat(KeyMap.builder().rename("a", "c").rename("b", "c").build().foreign("c"))
        .isEqualTo(List.of("a"));
  }
}
