package io.panamba.tests.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.tests.kit.ChildJvm;
import io.panamba.tests.memory.GuardPageArena.Placement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The guards hold: else the sweeps would prove nothing. */
@EnabledOnOs(OS.LINUX)
class GuardPageArenaTest {
  private static final long SIZE = 20;

  /** A child that touches memory beside a segment of 20 bytes. */
  static final class Trespasser {
    private Trespasser() {}

    public static void main(String[] arguments) {
      try (GuardPageArena arena = new GuardPageArena(Placement.valueOf(arguments[0]))) {
        MemorySegment beyond =
            MemorySegment.ofAddress(
                    arena.allocate(SIZE, 4).address() + Long.parseLong(arguments[2]))
                .reinterpret(1);
        if (arguments[1].equals("write")) {
          beyond.set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
        } else if (arguments[1].equals("seal")) {
          arena.seal();
          beyond.set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
        } else {
          System.out.println(beyond.get(ValueLayout.JAVA_BYTE, 0));
        }
      }
      System.out.println("survived");
    }
  }

  private static ChildJvm.Result trespass(Placement placement, String access, long offset) {
    return ChildJvm.run(
        List.of("-XX:-CreateCoredumpOnCrash", "-XX:ErrorFile=/dev/null"),
        Trespasser.class,
        placement.name(),
        access,
        String.valueOf(offset));
  }

  @ParameterizedTest
  @CsvSource({
    "BEFORE_GUARD, read, 20",
    "BEFORE_GUARD, write, 20",
    "SHORT_OF_GUARD, read, 24",
    "AFTER_GUARD, read, -1",
    "AFTER_GUARD, write, -1",
    "BEYOND_GUARD, read, -5",
    "AFTER_GUARD, seal, 0"
  })
  void accessBeyondTheGuardEndsTheProcess(Placement placement, String access, long offset) {
    ChildJvm.Result result = trespass(placement, access, offset);
    assertThat(result.exitCode()).isNotZero();
    assertThat(result.output()).contains("SIGSEGV").doesNotContain("survived");
  }

  @ParameterizedTest
  @CsvSource({
    "BEFORE_GUARD, read, 0",
    "BEFORE_GUARD, read, 19",
    "AFTER_GUARD, write, 0",
    "BEYOND_GUARD, write, 19"
  })
  void accessInsideIsFine(Placement placement, String access, long offset) {
    ChildJvm.Result result = trespass(placement, access, offset);
    assertThat(result.output()).contains("survived");
    assertThat(result.exitCode()).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "BEFORE_GUARD, -1",
    "SHORT_OF_GUARD, 20",
    "SHORT_OF_GUARD, -1",
    "AFTER_GUARD, 20",
    "BEYOND_GUARD, -1"
  })
  void writesOnTheOtherSideAreFoundAtTheEnd(Placement placement, long offset) {
    GuardPageArena arena = new GuardPageArena(placement);
    MemorySegment.ofAddress(arena.allocate(SIZE, 4).address() + offset)
        .reinterpret(1)
        .set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
    assertThatThrownBy(arena::close)
        .isInstanceOf(AssertionError.class)
        .hasMessage("something was written beside 1 segments");
  }

  @ParameterizedTest
  @EnumSource
  void segmentsEndWithTheArena(Placement placement) {
    GuardPageArena arena = new GuardPageArena(placement);
    MemorySegment segment = arena.allocate(SIZE, 4);
    assertThat(segment.byteSize()).isEqualTo(SIZE);
    arena.close();
    assertThatThrownBy(() -> segment.get(ValueLayout.JAVA_BYTE, 0))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void misalignment() {
    for (Placement placement : List.of(Placement.SHORT_OF_GUARD, Placement.BEYOND_GUARD)) {
      try (GuardPageArena arena = new GuardPageArena(placement)) {
        assertThat(arena.allocate(64, 64).address() % 64).isIn(4L, 60L);
      }
    }
  }
}
