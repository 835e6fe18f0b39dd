package io.panamba.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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
import org.junit.jupiter.api.Timeout;
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
        channel.write(ByteBuffer.allocate(16), Files.size(path) - 16);
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

  /**
   * A zip whose entries are all the same deflated bytes: of each, {@code blocks} stored blocks
   * without bytes (RFC 1951, section 3.2.4) come out as nothing.
   */
  private static byte[] entriesOfOneBody(int entries, int blocks) {
    ByteBuffer body = ByteBuffer.allocate(5 * blocks).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < blocks; i++) {
      body.put((byte) (i == blocks - 1 ? 1 : 0)).putInt(0xffff_0000);
    }
    byte[] pickle = viewsOf(entries);
    ByteArrayOutputStream zip = new ByteArrayOutputStream();
    zip.writeBytes(local("a/data/0"));
    zip.writeBytes(body.array());
    int offset = zip.size();
    zip.writeBytes(local("a/data.pkl"));
    zip.writeBytes(pickle);
    int directory = zip.size();
    for (int i = 0; i < entries; i++) {
      zip.writeBytes(central("a/data/" + i, 8, body.capacity(), 0, 0));
    }
    zip.writeBytes(central("a/data.pkl", 0, pickle.length, pickle.length, offset));
    int bytes = zip.size() - directory;
    zip.writeBytes(
        ByteBuffer.allocate(22)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(0x06054b50)
            .putInt(0)
            .putShort((short) (entries + 1))
            .putShort((short) (entries + 1))
            .putInt(bytes)
            .putInt(directory)
            .array());
    return zip.toByteArray();
  }

  private static byte[] viewsOf(int storages) {
    PickleBuilder pickle = new PickleBuilder().op('}');
    for (int i = 0; i < storages; i++) {
      String key = Integer.toString(i);
      pickle.text(key).tensor("FloatStorage", key, 0, 0, new long[] {0}, new long[] {1}).op('s');
    }
    return pickle.end();
  }

  /** The header before an entry's bytes. Sizes and method are those of the directory. */
  private static byte[] local(String name) {
    return ByteBuffer.allocate(30 + name.length())
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(0, 0x04034b50)
        .putShort(26, (short) name.length())
        .put(30, name.getBytes(StandardCharsets.US_ASCII))
        .array();
  }

  private static byte[] central(String name, int method, int compressed, int size, int offset) {
    return ByteBuffer.allocate(46 + name.length())
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(0, 0x02014b50)
        .putShort(10, (short) method)
        .putInt(20, compressed)
        .putInt(24, size)
        .putShort(28, (short) name.length())
        .putInt(42, offset)
        .put(46, name.getBytes(StandardCharsets.US_ASCII))
        .array();
  }

  /** 4000 times 1 MB, of which nothing comes: minutes. */
  @Test
  @Timeout(20)
  void entriesThatShareTheirBytes() throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(file(entriesOfOneBody(1, 3)))) {
      assertThat(checkpoint.keys()).containsExactly("0");
    }
    refused(entriesOfOneBody(4000, 200_000), "shares its bytes with others");
  }

  /** The container from before 1.6, with what follows its magic number. */
  private static byte[] legacy(byte[] machine, byte[]... others) {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    file.writeBytes(new byte[] {(byte) 0x80, 2, (byte) 0x8a, 10});
    byte[] magic = new BigInteger("1950a86a20f9469cfc6c", 16).toByteArray();
    for (int i = magic.length - 1; i >= 0; i--) {
      file.write(magic[i]);
    }
    file.write('.');
    file.writeBytes(new PickleBuilder().number(1001).end());
    file.writeBytes(machine);
    for (byte[] other : others) {
      file.writeBytes(other);
    }
    return file.toByteArray();
  }

  /** Texts of 16 MB, one after the other, thrown away. */
  @Test
  void picklesOfTheOlderContainer() throws IOException {
    int text = 1 << 24;
    byte[] pickle = new byte[2 + 5 * (text + 6) + 2];
    ByteBuffer out = ByteBuffer.wrap(pickle).order(ByteOrder.LITTLE_ENDIAN);
    out.put((byte) 0x80).put((byte) 2);
    for (int i = 0; i < 5; i++) {
      out.put((byte) 'X').putInt(text).position(out.position() + text).put((byte) '0');
    }
    out.put((byte) 'N').put((byte) '.');
    refused(legacy(pickle), "the pickle has more than 67108864 bytes");
  }

  /** What lies behind a pickle gives it no more copies. */
  @Test
  void copiesInTheOlderContainer() throws IOException {
    PickleBuilder pickle = new PickleBuilder().op('}').text("w").op(']').op('(');
    for (int i = 0; i < 1000; i++) {
      pickle.op('N');
    }
    pickle.op('e', 'q', 0, '0', ']', '(');
    for (int i = 0; i < 100; i++) {
      pickle.global("collections", "OrderedDict").op('h', 0, 0x85, 'R');
    }
    byte[] machine = new PickleBuilder().op('}').end();
    refused(legacy(machine, pickle.op('e', 's').end(), new byte[1_000_000]), "copies more items");
  }
}
