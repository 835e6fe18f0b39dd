package io.panamba.runtime.internal.library;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.runtime.LibraryException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JavaVersionTest {
  @ParameterizedTest
  @ValueSource(strings = {"25.0.3", "25.0.3+9-LTS", "25.0.4", "25.1", "26-ea", "26"})
  void accepts(String version) {
    assertThatCode(() -> JavaVersion.check(Runtime.Version.parse(version)))
        .doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(strings = {"25", "25.0.1", "25.0.2+10-LTS", "25.0.3-ea"})
  void refuses(String version) {
    assertThatThrownBy(() -> JavaVersion.check(Runtime.Version.parse(version)))
        .isInstanceOf(LibraryException.class)
        .hasMessageContaining("needs Java 25.0.3 or newer, and this is " + version)
        .hasMessageContaining("update the JDK");
  }
}
