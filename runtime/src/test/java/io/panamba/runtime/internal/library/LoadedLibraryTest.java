package io.panamba.runtime.internal.library;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.runtime.LibraryInfo.Tier;
import org.junit.jupiter.api.Test;

class LoadedLibraryTest {
  @Test
  void readsTheTierReport() {
    String report = "avx512: the processor lacks AVX-512 F: really\navx2: usable\n\n";
    assertThat(LoadedLibrary.parseTiers(report))
        .containsExactly(
            new Tier("avx512", false, "the processor lacks AVX-512 F: really"),
            new Tier("avx2", true, "usable"));
  }
}
