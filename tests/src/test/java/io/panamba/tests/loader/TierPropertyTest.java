package io.panamba.tests.loader;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.runtime.LibraryInfo;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code -Dpanamba.tier}. */
class TierPropertyTest {
  @TempDir private Path scratch;

  private Child child(String tier) {
    return Child.in(scratch).property("panamba.tier", tier);
  }

  private Child fake(String tier) throws Exception {
    Path library = FakeLibrary.compile(scratch, LibraryInfo.current().abiVersion());
    return child(tier).property("panamba.library.path", library);
  }

  static Stream<LibraryInfo.Tier> tiers() {
    return LibraryInfo.current().tiers().stream();
  }

  @ParameterizedTest
  @MethodSource("tiers")
  void everyTierOfTheLibraryIsUsedOrRefused(LibraryInfo.Tier tier) throws Exception {
    Child.Result result = child(tier.name()).run("info");
    if (tier.usable()) {
      assertThat(result.loaded().get("tier")).isEqualTo(tier.name());
      assertThat(result.get("cap")).isEqualTo(tier.name());
    } else {
      assertThat(result.refused()).contains("can't run it (" + tier.reason() + ")");
    }
  }

  @Test
  void portableIsAlwaysThere() throws Exception {
    assertThat(child("portable").run("info").loaded().get("tier")).isEqualTo("portable");
  }

  @Test
  void theFastestUsableTierIsTheDefault() throws Exception {
    Child.Result result = Child.in(scratch).run("info").loaded();
    String fastest = tiers().filter(LibraryInfo.Tier::usable).findFirst().orElseThrow().name();
    assertThat(result.get("tier")).isEqualTo(fastest);
    assertThat(result.get("cap")).isEqualTo("none");
    assertThat(result.all("has")).hasSameSizeAs(LibraryInfo.current().tiers());
  }

  @ParameterizedTest
  @ValueSource(strings = {"sse2", "", "AVX2", "portable "})
  void unknownTiersAreRefused(String tier) throws Exception {
    assertThat(child(tier).run("info").refused())
        .contains("-Dpanamba.tier=" + tier + ": there is no such tier; the library has ")
        .contains("portable (usable)");
  }

  @Test
  void tiersThatTheMachineLacksAreRefused() throws Exception {
    assertThat(fake("turbo").run("info").refused())
        .contains("-Dpanamba.tier=turbo: this machine can't run it (the processor lacks turbo)")
        .contains("the library has turbo (the processor lacks turbo), stubborn (usable), portable");
  }

  @Test
  void theLibrarysOwnRefusalIsPassedOn() throws Exception {
    assertThat(fake("stubborn").run("info").refused())
        .isEqualTo("-Dpanamba.tier=stubborn: the fake refuses");
  }
}
