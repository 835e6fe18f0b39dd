package io.panamba.tests.loader;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Access to native code, denied and granted. */
class NativeAccessTest {
  private static final String DENY = "--illegal-native-access=deny";
  private static final String BOTH =
      "--enable-native-access=io.panamba.runtime,io.panamba.bindings";

  @TempDir private Path scratch;

  private Child modules() {
    return Child.in(scratch)
        .modulePath(Entries.RUNTIME, Entries.BINDINGS, Entries.NATIVES)
        .classPath(Entries.TESTS);
  }

  @Test
  void deniedOnTheClassPath() throws Exception {
    assertThat(Child.in(scratch).grants(DENY).run("info").refused())
        .contains("Java denies Panamba the use of native code")
        .endsWith("Start it with --enable-native-access=ALL-UNNAMED.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"ALL-UNNAMED", "io.panamba.runtime", "io.panamba.bindings"})
  void deniedOnTheModulePath(String granted) throws Exception {
    assertThat(modules().grants(DENY, "--enable-native-access=" + granted).run("info").refused())
        .contains("Java denies Panamba the use of native code")
        .endsWith("Start it with " + BOTH + ".");
  }

  @Test
  void grantedOnTheModulePath() throws Exception {
    Child.Result result = modules().grants(DENY, BOTH).run("info").loaded();
    assertThat(result.get("source")).isEqualTo("RESOURCE");
    assertThat(result.errors()).isEmpty();
  }

  @Test
  void grantedOnTheClassPath() throws Exception {
    Child.Result result = Child.in(scratch).run("info").loaded();
    assertThat(result.get("source")).isEqualTo("RESOURCE");
    assertThat(result.errors()).isEmpty();
  }
}
