package io.panamba.tests.golden;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.runtime.LibraryInfo;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The build runs the tests of native code once for each tier that it lists. */
class TierCoverageTest {
  @Test
  void theBuildTestsEveryTierOfTheLibrary() {
    String listed = System.getProperty("panamba.tests.tiers");
    assertThat(listed).as("the tiers that tests/pom.xml runs").isNotNull();
    assertThat(List.of(listed.split(",")))
        .containsAll(LibraryInfo.current().tiers().stream().map(LibraryInfo.Tier::name).toList());
  }
}
