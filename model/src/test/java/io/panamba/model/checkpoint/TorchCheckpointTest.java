package io.panamba.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TorchCheckpointTest {
  private static final byte[] SIX = CheckpointFiles.floats(1, 2, 3, 4, 5, 6);

  @TempDir Path folder;

  private Path file(byte[] bytes) throws IOException {
    Path path = folder.resolve("checkpoint.pth");
    java.nio.file.Files.write(path, bytes);
    return path;
  }

  private Checkpoint open(byte[] bytes) throws IOException {
    return Checkpoint.open(file(bytes));
  }

  /** A state dict of one entry, whose value is what comes before. */
  private static PickleBuilder stateDict() {
    return new PickleBuilder().op('}').text("w");
  }

  private static byte[] state(long elements, long offset, long[] sizes, long[] strides) {
    return stateDict().tensor("FloatStorage", "0", elements, offset, sizes, strides).op('s').end();
  }

  private void refused(byte[] bytes, String... words) throws IOException {
    Path path = file(bytes);
    assertThatThrownBy(() -> Checkpoint.open(path))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("checkpoint.pth")
        .satisfies(
            e -> {
              for (String word : words) {
                assertThat(e.getMessage()).contains(word);
              }
            });
  }

  private void refusedView(long[] sizes, long[] strides, long offset) throws IOException {
    refused(CheckpointFiles.torch(state(6, offset, sizes, strides), Map.of("0", SIX)), "w");
  }

  @Test
  void readsViewsWithOffsetsAndStrides() throws IOException {
    byte[] pickle =
        new PickleBuilder()
            .op('}')
            .text("dense")
            .tensor("FloatStorage", "0", 6, 0, new long[] {2, 3}, new long[] {3, 1})
            .op('s')
            .text("transposed")
            .tensor("FloatStorage", "0", 6, 0, new long[] {3, 2}, new long[] {1, 3})
            .op('s')
            .text("row")
            .tensor("FloatStorage", "0", 6, 3, new long[] {3}, new long[] {1})
            .op('s')
            .text("repeated")
            .tensor("FloatStorage", "0", 6, 1, new long[] {4}, new long[] {0})
            .op('s')
            .text("scalar")
            .tensor("FloatStorage", "0", 6, 5, new long[] {}, new long[] {})
            .op('s')
            .text("empty")
            .tensor("FloatStorage", "0", 6, 6, new long[] {0, 3}, new long[] {3, 1})
            .op('s')
            .end();
    try (Checkpoint checkpoint = open(CheckpointFiles.torch(pickle, Map.of("0", SIX)))) {
      assertThat(checkpoint.keys())
          .containsExactly("dense", "transposed", "row", "repeated", "scalar", "empty");
      assertThat(floats(checkpoint, "dense")).containsExactly(1, 2, 3, 4, 5, 6);
      assertThat(floats(checkpoint, "transposed")).containsExactly(1, 4, 2, 5, 3, 6);
      assertThat(checkpoint.find("transposed").orElseThrow().isContiguous()).isFalse();
      assertThat(floats(checkpoint, "row")).containsExactly(4, 5, 6);
      assertThat(floats(checkpoint, "repeated")).containsExactly(2, 2, 2, 2);
      assertThat(floats(checkpoint, "scalar")).containsExactly(6);
      assertThat(floats(checkpoint, "empty")).isEmpty();
    }
  }

  private static float[] floats(Checkpoint checkpoint, String key) {
    return checkpoint.find(key).orElseThrow().toFloats();
  }

  @Test
  void readsEveryElementType() throws IOException {
    Map<String, DType> types =
        Map.of(
            "DoubleStorage", DType.F64,
            "HalfStorage", DType.F16,
            "BFloat16Storage", DType.BF16,
            "LongStorage", DType.I64,
            "IntStorage", DType.I32,
            "ShortStorage", DType.I16,
            "CharStorage", DType.I8,
            "ByteStorage", DType.U8,
            "BoolStorage", DType.BOOL);
    for (Map.Entry<String, DType> type : types.entrySet()) {
      byte[] pickle =
          stateDict()
              .tensor(type.getKey(), "0", 2, 0, new long[] {2}, new long[] {1})
              .op('s')
              .end();
      byte[] data = new byte[2 * type.getValue().bytes()];
      try (Checkpoint checkpoint = open(CheckpointFiles.torch(pickle, Map.of("0", data)))) {
        assertThat(checkpoint.find("w").orElseThrow().dtype()).isEqualTo(type.getValue());
      }
    }
    byte[] complex =
        stateDict()
            .tensor("ComplexFloatStorage", "0", 2, 0, new long[] {2}, new long[] {1})
            .op('s')
            .end();
    try (Checkpoint checkpoint = open(CheckpointFiles.torch(complex, Map.of("0", new byte[16])))) {
      assertThat(checkpoint.keys()).containsExactly("w");
      assertThatThrownBy(() -> checkpoint.find("w"))
          .isInstanceOf(CheckpointException.class)
          .hasMessageContaining("complexfloat");
    }
  }

  @Test
  void findsNestedDictionariesAndStripsPrefixes() throws IOException {
    byte[] pickle =
        new PickleBuilder()
            .op('}')
            .text("epoch")
            .number(7)
            .op('s')
            .text("model_ema")
            .op('}')
            .text("module.module.w")
            .tensor("FloatStorage", "1", 1, 0, new long[] {1}, new long[] {1})
            .op('s', 's')
            .text("state_dict")
            .op('}')
            .text("module.w")
            .tensor("FloatStorage", "0", 6, 0, new long[] {6}, new long[] {1})
            .op('s', 's')
            .end();
    byte[] bytes = CheckpointFiles.torch(pickle, Map.of("0", SIX, "1", CheckpointFiles.floats(9)));
    try (Checkpoint checkpoint = open(bytes)) {
      assertThat(checkpoint.metadata()).containsEntry("dictionary", "state_dict");
      assertThat(floats(checkpoint.readings().getLast(), "w")).hasSize(6);
    }
    try (Checkpoint checkpoint = Checkpoint.open(file(bytes), "model_ema")) {
      assertThat(floats(checkpoint.readings().getLast(), "w")).containsExactly(9);
    }
    Path path = file(bytes);
    assertThatThrownBy(() -> Checkpoint.open(path, "teacher"))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("teacher");
  }

  @Test
  void keysThatWouldCollideStayAsTheyAre() throws IOException {
    byte[] pickle =
        new PickleBuilder()
            .op('}')
            .text("module.w")
            .tensor("FloatStorage", "0", 6, 0, new long[] {2}, new long[] {1})
            .op('s')
            .text("w")
            .tensor("FloatStorage", "0", 6, 2, new long[] {3}, new long[] {1})
            .op('s')
            .end();
    try (Checkpoint checkpoint = open(CheckpointFiles.torch(pickle, Map.of("0", SIX)))) {
      assertThat(checkpoint.keys()).containsExactly("module.w", "w");
      assertThat(checkpoint.find("w").orElseThrow().shape()).isEqualTo(Shape.of(3));
      assertThat(checkpoint.readings()).hasSize(1);
    }
  }

  @Test
  void refusesViewsBeyondTheirStorage() throws IOException {
    refusedView(new long[] {7}, new long[] {1}, 0);
    refusedView(new long[] {6}, new long[] {1}, 1);
    refusedView(new long[] {2, 3}, new long[] {4, 1}, 0);
    refusedView(new long[] {2}, new long[] {-1}, 3);
    refusedView(new long[] {2}, new long[] {1}, -1);
    refusedView(new long[] {2}, new long[] {1}, Long.MAX_VALUE);
    refusedView(new long[] {2, 2}, new long[] {Long.MAX_VALUE, Long.MAX_VALUE}, 0);
    refusedView(new long[] {2, 3}, new long[] {1}, 0);
    refusedView(new long[] {1L << 40}, new long[] {0}, 0);
    refused(
        CheckpointFiles.torch(
            state(6, 0, new long[] {Long.MAX_VALUE, 2}, new long[] {0, 0}), Map.of("0", SIX)));
    refused(CheckpointFiles.torch(state(6, 0, new long[] {-1}, new long[] {1}), Map.of("0", SIX)));
  }

  @Test
  void aStorageIsAsLargeAsItsEntryWhateverThePickleClaims() throws IOException {
    refused(
        CheckpointFiles.torch(
            state(1L << 40, 0, new long[] {1000}, new long[] {1}), Map.of("0", SIX)),
        "w");
    refused(CheckpointFiles.torch(state(6, 0, new long[] {6}, new long[] {1}), Map.of()), "data/0");
  }

  @Test
  void executesNothing() throws IOException {
    Path trace = folder.resolve("executed");
    for (String[] call :
        new String[][] {
          {"os", "system"},
          {"builtins", "eval"},
          {"subprocess", "call"},
          {"java.lang.Runtime", "exec"}
        }) {
      byte[] pickle =
          new PickleBuilder()
              .op('}')
              .text("evil")
              .global(call[0], call[1])
              .text("touch " + trace)
              .op(0x85, 'R', 's')
              .text("stacked")
              .text(call[0])
              .text(call[1])
              .op(0x93, ')', 'R', 's')
              .text("extension")
              .op(0x82, 1, 's')
              .text("object")
              .global(call[0], call[1])
              .op(')', 0x81)
              .op('}')
              .op('b', 's')
              .text("instance")
              .op('(')
              .text("touch " + trace)
              .instance(call[0], call[1])
              .op('s')
              .text("w")
              .tensor("FloatStorage", "0", 6, 0, new long[] {6}, new long[] {1})
              .op('s')
              .end();
      try (Checkpoint checkpoint = open(CheckpointFiles.torch(pickle, Map.of("0", SIX)))) {
        assertThat(checkpoint.keys().stream().filter(key -> !checkpoint.isBeside(key)))
            .containsExactly("w");
      }
    }
    assertThat(trace).doesNotExist();
  }

  @Test
  void refusesBrokenPickles() throws IOException {
    for (byte[] pickle :
        new byte[][] {
          new PickleBuilder().end(),
          new PickleBuilder().op('R').end(),
          new PickleBuilder().op('t').end(),
          new PickleBuilder().op(0xff).end(),
          new PickleBuilder().op('h', 9).end(),
          new PickleBuilder().op('}', 'a').end(),
          new PickleBuilder().op('N', 'N', 'a').end(),
          new PickleBuilder().op(0x80, 9).end(),
          new PickleBuilder().op('X').int32(-1).end(),
          new PickleBuilder().op(0x8b).int32(0x7fffffff).end(),
          new PickleBuilder().op(0x8d).int32(-1).int32(-1).end(),
          new PickleBuilder().op('N').end(),
          new PickleBuilder().text("model").end(),
          new PickleBuilder().op('}').end(),
          new PickleBuilder().op('}').text("a").number(1).op('s').end(),
          new PickleBuilder().op('}', '(').text("a").op('u').end(),
        }) {
      refused(CheckpointFiles.torch(pickle, Map.of("0", SIX)));
    }
  }

  @Test
  void aPickleMayContainItself() throws IOException {
    byte[] pickle =
        new PickleBuilder()
            .op('}', 'q', 0)
            .text("self")
            .op('h', 0, 's')
            .op(']', 'q', 1, 'h', 1, 'a', '0')
            .text("w")
            .tensor("FloatStorage", "0", 6, 0, new long[] {6}, new long[] {1})
            .op('s')
            .end();
    try (Checkpoint checkpoint = open(CheckpointFiles.torch(pickle, Map.of("0", SIX)))) {
      assertThat(checkpoint.keys()).containsExactly("w");
    }
  }

  @Test
  void deeplyNestedPicklesNeedNoDeepStack() throws IOException {
    PickleBuilder pickle = new PickleBuilder().op('}').text("deep");
    for (int i = 0; i < 200_000; i++) {
      pickle.op(']');
    }
    for (int i = 1; i < 200_000; i++) {
      pickle.op('a');
    }
    pickle
        .op('s')
        .text("w")
        .tensor("FloatStorage", "0", 6, 0, new long[] {6}, new long[] {1})
        .op('s');
    try (Checkpoint checkpoint = open(CheckpointFiles.torch(pickle.end(), Map.of("0", SIX)))) {
      assertThat(checkpoint.keys()).containsExactly("w");
    }
  }

  @Test
  void namesOfEntriesAreNeverPaths() throws IOException {
    byte[] pickle = state(6, 0, new long[] {6}, new long[] {1});
    refused(CheckpointFiles.zip(ZipEntry.STORED, Map.of("../../data.pkl", pickle)), "data.pkl");
    refused(CheckpointFiles.zip(ZipEntry.STORED, Map.of("/data.pkl.exe", pickle)), "data.pkl");
    byte[] outside =
        stateDict()
            .tensor("FloatStorage", "../../etc/passwd", 6, 0, new long[] {6}, new long[] {1})
            .op('s')
            .end();
    refused(CheckpointFiles.torch(outside, Map.of("0", SIX)), "passwd");
    Map<String, byte[]> two = new LinkedHashMap<>();
    two.put("a/data.pkl", pickle);
    two.put("b/data.pkl", pickle);
    refused(CheckpointFiles.zip(ZipEntry.STORED, two), "2 data.pkl");
  }

  @Test
  void refusesBigEndianTensors() throws IOException {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    entries.put("archive/data.pkl", state(6, 0, new long[] {6}, new long[] {1}));
    entries.put("archive/data/0", SIX);
    entries.put("archive/byteorder", "big".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    refused(CheckpointFiles.zip(ZipEntry.STORED, entries), "big-endian");
  }

  @ParameterizedTest
  @ValueSource(ints = {10, 16})
  void refusesLyingDirectories(int field) throws IOException {
    byte[] bytes =
        CheckpointFiles.torch(state(6, 0, new long[] {6}, new long[] {1}), Map.of("0", SIX));
    int end = bytes.length - 22;
    bytes[end + field] = (byte) 0xfe;
    bytes[end + field + 1] = (byte) 0xff;
    refused(bytes);
  }

  @Test
  void refusesWhatIsNoFile() throws IOException {
    assertThatThrownBy(() -> Checkpoint.open(folder))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("folder");
    assertThatThrownBy(() -> Checkpoint.open(folder.resolve("none.pth")))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("no such file");
    refused(new byte[0], "neither");
    refused(new byte[] {1, 2, 3}, "neither");
    refused("PK".getBytes(java.nio.charset.StandardCharsets.US_ASCII), "truncated");
  }
}
