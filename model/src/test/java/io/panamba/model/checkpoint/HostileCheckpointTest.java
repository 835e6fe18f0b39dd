package io.panamba.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that ask for more than they are, and files that change while they are read. */
class HostileCheckpointTest {
  private static final byte[] SIX = CheckpointFiles.floats(1, 2, 3, 4, 5, 6);

  @TempDir Path folder;

  private Path file(byte[] bytes) throws IOException {
    Path path = folder.resolve("checkpoint.pth");
    Files.write(path, bytes);
    return path;
  }

  private void refused(byte[] bytes, String words) throws IOException {
    Path path = file(bytes);
    assertThatThrownBy(() -> Checkpoint.open(path))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining(words)
        .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(7000));
  }

  private static byte[] torch(byte[] pickle) {
    return CheckpointFiles.torch(pickle, Map.of("0", SIX));
  }

  /** A list of some items, and a dictionary that is made of it again and again. */
  @Test
  void dictionariesOfOneList() throws IOException {
    PickleBuilder pickle = new PickleBuilder().op('}').text("w").op(']').op('(');
    for (int i = 0; i < 50_000; i++) {
      pickle.op('N');
    }
    pickle.op('e', 'q', 0, '0', ']', '(');
    for (int i = 0; i < 5_000; i++) {
      pickle.global("collections", "OrderedDict").op('h', 0, 0x85, 'R');
    }
    refused(torch(pickle.op('e', 's').end()), "copies more items");
  }

  @Test
  void millionsOfLists() throws IOException {
    byte[] pickle = new byte[20_000_000];
    Arrays.fill(pickle, (byte) ']');
    pickle[0] = (byte) 0x80;
    pickle[1] = 2;
    pickle[pickle.length - 1] = '.';
    refused(torch(pickle), "more than 4000000 opcodes");
  }

  @Test
  void headersOfManyValues() throws IOException {
    byte[] header = new byte[20_000_000];
    for (int i = 0; i < header.length; i += 3) {
      header[i] = '{';
      header[i + (i + 1 < header.length ? 1 : 0)] = '}';
      header[i + (i + 2 < header.length ? 2 : 0)] = ',';
    }
    String json = "{\"a\":[" + new String(header, StandardCharsets.US_ASCII) + "{}]}";
    refused(CheckpointFiles.safetensors(json, SIX), "more than 2000000 values");
  }

  @Test
  void viewsThatRepeatTheirStorageAddUp() throws IOException {
    PickleBuilder pickle = new PickleBuilder().op('}');
    for (int i = 0; i < 40; i++) {
      pickle
          .text("w" + i)
          .tensor("FloatStorage", "0", 6, 0, new long[] {1000, 1000}, new long[] {0, 0})
          .op('s');
    }
    refused(torch(pickle.end()), "beyond reason");
  }

  @Test
  void tensorsOfManyAxes() throws IOException {
    long[] ones = new long[65];
    Arrays.fill(ones, 1);
    PickleBuilder pickle =
        new PickleBuilder().op('}').text("w").tensor("FloatStorage", "0", 6, 0, ones, ones).op('s');
    refused(torch(pickle.end()), "65 axes");
  }

  @Test
  void messagesAreOneLineOfBoundedLength() throws IOException {
    PickleBuilder key =
        new PickleBuilder()
            .op('}')
            .text("\u001b[2J\u202e\n" + "k".repeat(5_000_000))
            .tensor("FloatStorage", "0", 6, 0, new long[] {7}, new long[] {1})
            .op('s');
    Path path = file(torch(key.end()));
    assertThatThrownBy(() -> Checkpoint.open(path))
        .isInstanceOf(CheckpointException.class)
        .satisfies(
            e -> {
              assertThat(e.getMessage()).hasSizeLessThan(2000).contains("beyond its storage");
              assertThat(e.getMessage().chars())
                  .noneMatch(c -> Character.isISOControl(c) || c == 0x202e);
            });
  }

  private static Map<String, byte[]> entries(byte[] storage) {
    byte[] pickle =
        new PickleBuilder()
            .op('}')
            .text("w")
            .tensor(
                "FloatStorage",
                "0",
                storage.length / 4,
                0,
                new long[] {storage.length / 4},
                new long[] {1})
            .op('s')
            .end();
    Map<String, byte[]> entries = new LinkedHashMap<>();
    entries.put("archive/data.pkl", pickle);
    entries.put("archive/data/0", storage);
    return entries;
  }

  @Test
  void deflatedEntriesAreRead() throws IOException {
    Path path = file(CheckpointFiles.zip(ZipEntry.DEFLATED, entries(SIX)));
    try (Checkpoint checkpoint = Checkpoint.open(path)) {
      assertThat(checkpoint.find("w").orElseThrow().toFloats()).containsExactly(1, 2, 3, 4, 5, 6);
    }
  }

  /** 100 MB of zeros are 100 KB deflated. */
  @Test
  void deflatedEntriesAreBounded() throws IOException {
    refused(
        CheckpointFiles.zip(ZipEntry.DEFLATED, entries(new byte[100_000_000])),
        "more than makes sense");
  }

  @Test
  void damagedEntriesAreRefused() throws IOException {
    byte[] good = CheckpointFiles.zip(ZipEntry.DEFLATED, entries(CheckpointFiles.floats(random())));
    int refusals = 0;
    for (int at = 0; at < good.length; at++) {
      byte[] damaged = good.clone();
      damaged[at] ^= 0x55;
      Path path = file(damaged);
      try (Checkpoint checkpoint = Checkpoint.open(path)) {
        checkpoint.find("w").ifPresent(StoredTensor::toFloats);
      } catch (CheckpointException _) {
        refusals++;
      }
    }
    assertThat(refusals).isPositive();
  }

  private static float[] random() {
    float[] values = new float[200];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) Math.sin(i * i);
    }
    return values;
  }

  private static final int COUNT = 1 << 20;

  private Path large() {
    Path path = folder.resolve("large.safetensors");
    try (Arena arena = Arena.ofConfined()) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      float[] ones = new float[COUNT];
      Arrays.fill(ones, 1);
      tensors.put("a", Tensor.of(arena, Shape.of(COUNT), ones));
      tensors.put("b", Tensor.of(arena, Shape.of(COUNT), ones));
      SafetensorsWriter.write(path, tensors, Map.of());
    }
    return path;
  }

  private static void changed(Checkpoint checkpoint) {
    assertThatThrownBy(() -> checkpoint.find("b").orElseThrow().toFloats())
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("changed while it was read");
  }

  @Test
  void aFileThatShrinks() throws IOException {
    Path path = large();
    try (Checkpoint checkpoint = Checkpoint.open(path)) {
      assertThat(checkpoint.find("a").orElseThrow().toFloats()).hasSize(COUNT);
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
        channel.truncate(4096);
      }
      changed(checkpoint);
    }
  }

  @Test
  void aFileThatGrows() throws IOException {
    Path path = large();
    try (Checkpoint checkpoint = Checkpoint.open(path)) {
      Files.write(path, new byte[] {1}, StandardOpenOption.APPEND);
      changed(checkpoint);
    }
  }

  @Test
  void aFileThatIsWrittenOver() throws IOException {
    Path path = large();
    try (Checkpoint checkpoint = Checkpoint.open(path)) {
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
        channel.write(java.nio.ByteBuffer.allocate(16), Files.size(path) - 16);
      }
      Files.setLastModifiedTime(path, FileTime.from(Instant.now().plusSeconds(1)));
      changed(checkpoint);
    }
  }

  /** The file that was opened is still there, whatever has its name. */
  @Test
  void aFileThatIsReplacedOrRemoved() throws IOException {
    Path path = large();
    Path other = folder.resolve("other");
    Files.write(other, new byte[10]);
    try (Checkpoint checkpoint = Checkpoint.open(path)) {
      Files.move(other, path, StandardCopyOption.REPLACE_EXISTING);
      assertThat(checkpoint.find("b").orElseThrow().toFloats()).hasSize(COUNT).containsOnly(1);
      Files.delete(path);
      assertThat(checkpoint.find("a").orElseThrow().toFloats()).hasSize(COUNT).containsOnly(1);
    }
  }

  @Test
  void aFileThatShrinksWhileItIsRead() throws Exception {
    for (int round = 0; round < 20; round++) {
      Path path = large();
      try (Checkpoint checkpoint = Checkpoint.open(path)) {
        Thread truncating =
            Thread.ofPlatform()
                .start(
                    () -> {
                      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
                        channel.truncate(5000);
                      } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                      }
                    });
        try {
          for (String key : checkpoint.keys()) {
            assertThat(checkpoint.find(key).orElseThrow().toFloats()).containsOnly(1);
          }
        } catch (CheckpointException e) {
          assertThat(e).hasMessageContaining("changed while it was read");
        }
        truncating.join();
      }
    }
  }

  @Test
  void anInterruptEndsTheReading() {
    try (Checkpoint checkpoint = Checkpoint.open(large())) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> checkpoint.find("a").orElseThrow().toFloats())
          .isInstanceOf(CheckpointException.class)
          .hasMessageContaining("interrupted");
      assertThat(Thread.interrupted()).isTrue();
      assertThatThrownBy(() -> checkpoint.find("a").orElseThrow().toFloats())
          .isInstanceOf(CheckpointException.class)
          .hasMessageContaining("open the checkpoint again");
    }
  }

  @Test
  void whatIsNoRegularFile() {
    assertThatThrownBy(() -> Checkpoint.open(Path.of("/dev/null")))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("no regular file");
  }

  /** Bytes of a pickle of one long number, which takes no more than it is long. */
  @Test
  void longNumbers() throws IOException {
    ByteArrayOutputStream pickle = new ByteArrayOutputStream();
    pickle.write(0x80);
    pickle.write(2);
    pickle.write('I');
    pickle.writeBytes("9".repeat(1_000_000).getBytes(StandardCharsets.US_ASCII));
    pickle.writeBytes("\n.".getBytes(StandardCharsets.US_ASCII));
    refused(torch(pickle.toByteArray()), "longer than");
  }
}
