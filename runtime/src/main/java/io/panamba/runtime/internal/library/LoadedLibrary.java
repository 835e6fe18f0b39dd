package io.panamba.runtime.internal.library;

import io.panamba.bindings.panamba_h;
import io.panamba.runtime.LibraryException;
import io.panamba.runtime.LibraryInfo.Tier;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.util.List;
import java.util.stream.Collectors;

/** Questions to a library that has been loaded. */
final class LoadedLibrary {
  private static final String USABLE = "usable";

  private LoadedLibrary() {}

  /** The version of the library's interface, which is that of the bindings. */
  static int abiVersion(String origin) {
    if (SymbolLookup.loaderLookup().find("panamba_abi_version").isEmpty()) {
      throw new LibraryException(
          "%s is a library, but not Panamba's: it has no function panamba_abi_version; give the path of %s"
              .formatted(origin, System.mapLibraryName("panamba")));
    }
    int found = panamba_h.panamba_abi_version();
    int expected = panamba_h.PANAMBA_ABI_VERSION();
    if (found != expected) {
      throw new LibraryException(
          "%s has version %d of Panamba's interface, and this runtime needs version %d; use panamba-native and panamba-runtime of the same release"
              .formatted(origin, found, expected));
    }
    return found;
  }

  static String build() {
    return panamba_h.panamba_build_description().getString(0);
  }

  static String tier() {
    return panamba_h.panamba_tier().getString(0);
  }

  static List<Tier> tiers() {
    return parseTiers(panamba_h.panamba_tier_report().getString(0));
  }

  /** Reads lines of the form {@code name: reason}. */
  static List<Tier> parseTiers(String report) {
    return report
        .lines()
        .filter(line -> !line.isBlank())
        .map(line -> line.split(": ", 2))
        .map(parts -> new Tier(parts[0], parts[1].equals(USABLE), parts[1]))
        .toList();
  }

  /** Uses the named tier. */
  static void useTier(String name) {
    List<Tier> tiers = tiers();
    String choice =
        tiers.stream()
            .map(tier -> tier.name() + " (" + tier.reason() + ")")
            .collect(Collectors.joining(", "));
    Tier wanted =
        tiers.stream()
            .filter(tier -> tier.name().equals(name))
            .findFirst()
            .orElseThrow(
                () ->
                    new LibraryException(
                        "-D%s=%s: there is no such tier; the library has %s"
                            .formatted(LoaderSettings.TIER, name, choice)));
    if (!wanted.usable()) {
      throw new LibraryException(
          "-D%s=%s: this machine can't run it (%s); the library has %s"
              .formatted(LoaderSettings.TIER, name, wanted.reason(), choice));
    }
    try (Arena arena = Arena.ofConfined()) {
      int status = panamba_h.panamba_cap_tier(arena.allocateFrom(name));
      if (status != panamba_h.PANAMBA_OK()) {
        throw new LibraryException(
            "-D%s=%s: %s"
                .formatted(LoaderSettings.TIER, name, panamba_h.panamba_message().getString(0)));
      }
    }
  }
}
