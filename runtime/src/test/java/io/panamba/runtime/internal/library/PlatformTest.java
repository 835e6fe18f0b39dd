package io.panamba.runtime.internal.library;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlatformTest {
  @ParameterizedTest
  @CsvSource({
    "Linux, amd64, linux-x86_64",
    "Linux, x86_64, linux-x86_64",
    "Linux, aarch64, linux-aarch_64",
    "Linux, riscv64, linux-riscv64",
    "Mac OS X, aarch64, osx-aarch_64",
    "Mac OS X, x86_64, osx-x86_64",
    "Windows 11, amd64, windows-x86_64",
    "FreeBSD, amd64, freebsd-x86_64",
  })
  void namesAreThoseOfMavensClassifiers(String osName, String osArch, String expected) {
    assertThat(Platform.of(osName, osArch)).hasToString(expected);
  }

  @ParameterizedTest
  @CsvSource({"../../etc, a/../b, etc-ab"})
  void namesCannotLeaveTheirFolder(String osName, String osArch, String expected) {
    assertThat(Platform.of(osName, osArch)).hasToString(expected);
    assertThat(Platform.of(osName, osArch).resource("libpanamba.so"))
        .isEqualTo("META-INF/native/" + expected + "/libpanamba.so");
  }

  @Test
  void muslHasALibraryOfItsOwn() {
    assertThat(new Platform("linux", "x86_64", true).resource("libpanamba.so"))
        .isEqualTo("META-INF/native/linux-x86_64-musl/libpanamba.so");
  }
}
