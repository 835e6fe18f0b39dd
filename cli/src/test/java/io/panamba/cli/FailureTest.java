package io.panamba.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.runtime.PanambaException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;

class FailureTest {
  @Test
  void knownFailuresSpeakForThemselves() {
    assertThat(Failure.message(new PanambaException("the file is short")))
        .isEqualTo("the file is short");
    assertThat(Failure.message(new IllegalArgumentException("no such size")))
        .isEqualTo("no such size");
    assertThat(Failure.message(new IOException("disk full"))).isEqualTo("disk full");
  }

  @Test
  void filesAreNamed() {
    assertThat(Failure.message(new UncheckedIOException(new NoSuchFileException("a.png"))))
        .isEqualTo("a.png does not exist");
    assertThat(Failure.message(new AccessDeniedException("a.png")))
        .isEqualTo("a.png may not be opened");
  }

  @Test
  void defectsAreCalledSo() {
    assertThat(Failure.message(new NullPointerException("x")))
        .isEqualTo("internal error: java.lang.NullPointerException: x (--verbose shows where)");
    assertThat(Failure.message(new IllegalArgumentException())).startsWith("internal error");
    assertThat(Failure.message(new OutOfMemoryError("Java heap space")))
        .contains("Java heap space")
        .contains("smaller batch");
  }

  @Test
  void linesAreJoined() {
    assertThat(Failure.oneLine("not found\n  tried a: no\n\n  tried b: no\n"))
        .isEqualTo("not found tried a: no tried b: no");
  }
}
