package io.panamba.tests.replay;

import io.panamba.bindings.panamba_h;
import io.panamba.runtime.DType;
import io.panamba.runtime.internal.struct.Codes;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * A network's plan as the file of {@code native/test/recording.h}, which says what everything is.
 *
 * @param bound of the results' errors, relative to the largest expected number
 * @param regions of memory
 * @param steps in the order in which they run
 * @param results to be compared
 */
record Recording(double bound, List<Region> regions, List<Step> steps, List<Result> results) {
  private static final String MARK = "recorded";
  private static final int NAME_BYTES = 32;

  /** A piece of memory. */
  sealed interface Region {}

  /** Memory that no step writes. */
  record Constant(long alignment, byte[] bytes) implements Region {}

  /** Memory that steps write. */
  record Space(long alignment, long bytes) implements Region {}

  /** Matrices to be packed, one behind the other; of each the elements (depth, columns). */
  record Matrices(DType dtype, long columns, long depth, List<byte[]> matrices) implements Region {}

  /** Where a struct has the address of a region's byte. */
  record Pointer(long place, int region, long offset) {}

  /** An operation; its struct has zeros for pointers. */
  record Step(int operation, boolean withNext, byte[] struct, List<Pointer> pointers) {}

  /** Numbers at a place of a region, and what they should be. */
  record Result(String name, int region, long offset, DType dtype, float[] expected) {}

  /** The bytes of the file. */
  byte[] toBytes() {
    Words words = new Words();
    words.blob(MARK.getBytes(StandardCharsets.US_ASCII));
    words.number(panamba_h.PANAMBA_ABI_VERSION());
    words.number(Double.doubleToRawLongBits(bound));
    words.number(regions.size());
    words.number(steps.size());
    words.number(results.size());
    regions.forEach(region -> write(words, region));
    steps.forEach(step -> write(words, step));
    results.forEach(result -> write(words, result));
    return words.out.toByteArray();
  }

  private static void write(Words words, Region region) {
    switch (region) {
      case Constant constant -> {
        words.number(0);
        words.number(constant.alignment);
        words.number(constant.bytes.length);
        words.blob(constant.bytes);
      }
      case Space space -> {
        words.number(1);
        words.number(space.alignment);
        words.number(space.bytes);
      }
      case Matrices all -> {
        words.number(2);
        words.number(Codes.of(all.dtype));
        words.number(all.matrices.size());
        words.number(all.columns);
        words.number(all.depth);
        all.matrices.forEach(words::blob);
      }
    }
  }

  private static void write(Words words, Step step) {
    words.number(step.operation);
    words.number(step.withNext ? 1 : 0);
    words.number(step.struct.length);
    words.number(step.pointers.size());
    words.blob(step.struct);
    for (Pointer pointer : step.pointers) {
      words.number(pointer.place);
      words.number(pointer.region);
      words.number(pointer.offset);
    }
  }

  private static void write(Words words, Result result) {
    byte[] name = result.name.getBytes(StandardCharsets.US_ASCII);
    if (name.length >= NAME_BYTES) {
      throw new IllegalArgumentException("the name " + result.name + " is too long");
    }
    words.blob(Arrays.copyOf(name, NAME_BYTES));
    words.number(result.region);
    words.number(result.offset);
    words.number(Codes.of(result.dtype));
    words.number(result.expected.length);
    ByteBuffer expected =
        ByteBuffer.allocate(result.expected.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    expected.asFloatBuffer().put(result.expected);
    words.blob(expected.array());
  }

  /** What a file consists of. */
  private static final class Words {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    void number(long number) {
      blob(ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(number).array());
    }

    void blob(byte[] bytes) {
      out.writeBytes(bytes);
      out.writeBytes(new byte[Math.floorMod(-bytes.length, Long.BYTES)]);
    }
  }
}
