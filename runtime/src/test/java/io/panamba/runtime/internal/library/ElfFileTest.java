package io.panamba.runtime.internal.library;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ElfFileTest {
  private static final int HEADER = 64;
  private static final int ENTRY = 56;
  private static final int SIZE = HEADER + 2 * ENTRY + 100;

  @TempDir private Path folder;

  /** A shared library with two loaded segments, the second one up to the end of the file. */
  private static byte[] library() {
    byte[] content = new byte[SIZE];
    ByteBuffer file = littleEndian(content);
    file.putInt(0, 0x464c457f).put(4, (byte) 2).put(5, (byte) 1).putShort(16, (short) 3);
    file.putLong(32, HEADER).putShort(54, (short) ENTRY).putShort(56, (short) 2);
    segment(file, 0, 0, HEADER);
    segment(file, 1, HEADER + 2 * ENTRY, 100);
    return content;
  }

  private static ByteBuffer littleEndian(byte[] content) {
    return ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static void segment(ByteBuffer file, int index, long offset, long bytes) {
    int at = HEADER + index * ENTRY;
    file.putInt(at, 1).putLong(at + 8, offset).putLong(at + 32, bytes);
  }

  private void check(byte[] content) throws IOException, Refusal {
    ElfFile.check(Files.write(folder.resolve("library"), content));
  }

  private void refused(Consumer<ByteBuffer> damage, String reason) {
    byte[] content = library();
    damage.accept(littleEndian(content));
    assertThatThrownBy(() -> check(content))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining(reason);
  }

  @Test
  void acceptsAWholeLibrary() throws IOException, Refusal {
    check(library());
  }

  @Test
  void refusesEveryTruncation() {
    for (int size = 0; size < SIZE; size++) {
      byte[] content = Arrays.copyOf(library(), size);
      assertThatThrownBy(() -> check(content)).as("%d bytes", size).isInstanceOf(Refusal.class);
    }
  }

  @Test
  void refusesOtherFiles() {
    byte[] text = "#!/bin/sh\n".repeat(20).getBytes(StandardCharsets.US_ASCII);
    assertThatThrownBy(() -> check(text))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("not a shared library");
    assertThatThrownBy(() -> ElfFile.check(folder.resolve("missing")))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("there is no");
  }

  @Test
  void refusesOtherKindsOfElfFiles() {
    refused(file -> file.put(4, (byte) 1), "another kind of processor");
    refused(file -> file.put(5, (byte) 2), "another kind of processor");
    refused(file -> file.putShort(16, (short) 1), "not a shared library");
  }

  @ParameterizedTest
  @CsvSource({
    "-1, 10",
    "0, -1",
    "9223372036854775807, 1",
    "1, 9223372036854775807",
    "276, 1",
    "0, 277"
  })
  void refusesSegmentsOutsideTheFile(long offset, long bytes) {
    refused(file -> segment(file, 1, offset, bytes), "truncated or damaged");
  }

  @ParameterizedTest
  @CsvSource({"-1", "0", "276", "9223372036854775807"})
  void refusesATableOutsideTheFile(long at) {
    refused(file -> file.putLong(32, at), "truncated or damaged");
  }

  @Test
  void refusesEntriesOfAnotherSize() {
    refused(file -> file.putShort(54, (short) 0), "truncated or damaged");
    refused(file -> file.putShort(56, (short) -1), "truncated or damaged");
  }
}
