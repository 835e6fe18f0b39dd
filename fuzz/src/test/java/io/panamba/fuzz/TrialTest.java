package io.panamba.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A harness that finds nothing looks like a parser without faults: here every promise is broken.
 */
class TrialTest {
  private static final byte[] INPUT = new byte[10];
  private static final int CPU_MILLIS = 2000;

  private static boolean run(Parser parser) {
    Budget budget = new Budget(CPU_MILLIS, 0, 1 << 20, 1000);
    return Trial.run(
        new Target("planted", parser, budget, INPUT.length, List.of(IOException.class)), INPUT);
  }

  @Test
  void whatIsReadAndWhatIsRefusedAreGood() {
    assertThat(run(input -> input.length)).isTrue();
    assertThat(
            run(
                _ -> {
                  throw new IOException("byte 3 of 日.png is damaged");
                }))
        .isFalse();
  }

  @Test
  void anyOtherExceptionIsFound() {
    assertThatThrownBy(
            () ->
                run(
                    _ -> {
                      throw new IllegalStateException("planted");
                    }))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("IllegalStateException left the parser");
    assertThatThrownBy(
            () ->
                run(
                    _ -> {
                      throw new OutOfMemoryError("planted");
                    }))
        .isInstanceOf(OutOfMemoryError.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", " ", "a\nb", "\u001b[2J", "\u0085", "\u202e", "\u2028", "\ufeff", "\ud800"})
  void aMessageThatDoesNotPrintIsFound(String message) {
    assertThatThrownBy(
            () ->
                run(
                    _ -> {
                      throw new IOException(message);
                    }))
        .isInstanceOf(AssertionError.class);
  }

  @Test
  void aLongMessageIsFound() {
    assertThatThrownBy(
            () ->
                run(
                    _ -> {
                      throw new IOException("k".repeat(5000));
                    }))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("5000 characters");
  }

  @Test
  void timeOfTheProcessorIsFound() {
    assertThatThrownBy(
            () ->
                run(
                    _ -> {
                      ThreadMXBean threads = ManagementFactory.getThreadMXBean();
                      long end = threads.getCurrentThreadCpuTime() + CPU_MILLIS * 1_100_000L;
                      long spins = 0;
                      while (threads.getCurrentThreadCpuTime() < end) {
                        spins++;
                      }
                      return spins > 0;
                    }))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("of the processor");
  }

  @Test
  void heapIsFoundThoughItIsGarbageAtOnce() {
    AtomicReference<byte[]> kept = new AtomicReference<>();
    assertThatThrownBy(
            () ->
                run(
                    _ -> {
                      for (int i = 0; i < 40; i++) {
                        kept.set(new byte[1 << 16]);
                      }
                      return true;
                    }))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("of the heap");
  }

  @Test
  void memoryOffTheHeapIsFoundThoughItIsFreed() {
    AtomicInteger times = new AtomicInteger();
    assertThatThrownBy(
            () ->
                run(
                    _ -> {
                      // The peak of the process rises only where it has not been.
                      long bytes = 2L * times.incrementAndGet() * Budget.OFF_HEAP_BYTES;
                      try (Arena arena = Arena.ofConfined()) {
                        arena.allocate(bytes).fill((byte) 1);
                      }
                      return true;
                    }))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("off the heap");
  }

  @Test
  void aSecondReadingThatDiffersIsFound() {
    AtomicInteger times = new AtomicInteger();
    assertThatThrownBy(() -> run(_ -> times.incrementAndGet()))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("something else");
  }

  @Test
  void aFileThatStaysOpenOrMappedIsFound() throws IOException {
    List<FileChannel> open = new ArrayList<>();
    try {
      assertThatThrownBy(() -> run(InputFile.parser(file -> open.add(FileChannel.open(file)))))
          .isInstanceOf(AssertionError.class)
          .hasMessageContaining("still open");
    } finally {
      for (FileChannel channel : open) {
        channel.close();
      }
    }
    try (Arena arena = Arena.ofShared()) {
      assertThatThrownBy(
              () ->
                  run(
                      InputFile.parser(
                          file -> {
                            try (FileChannel channel = FileChannel.open(file)) {
                              channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
                            }
                            return true;
                          })))
          .isInstanceOf(AssertionError.class)
          .hasMessageContaining("still mapped");
    }
  }
}
