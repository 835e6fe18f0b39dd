package io.panamba.runtime.internal.library;

import io.panamba.runtime.LibraryException;
import io.panamba.runtime.LibraryInfo;
import io.panamba.runtime.LibraryInfo.Attempt;
import io.panamba.runtime.LibraryInfo.Tier;
import java.util.List;
import java.util.stream.Collectors;

/** The native library of this process, loaded at most once; a failure stays one. */
public final class NativeLibrary {
  private NativeLibrary() {}

  /** The one attempt, made when this class is initialised. */
  private static final class Outcome {
    static final LoadOutcome<LibraryLoader.Loaded> LIBRARY;

    static {
      Attempts attempts = new Attempts();
      LibraryLoader loader = new LibraryLoader(LoaderSettings.current(), attempts);
      LIBRARY = LoadOutcome.of("Panamba's native library", loader::load, attempts);
    }
  }

  /**
   * What the library says of itself, asked when this class is initialised; logged then, too, since
   * starting loggers takes a tenth as long as all else before a first inference.
   */
  private static final class Description {
    static final LibraryInfo INFO = Outcome.LIBRARY.info().describe(Outcome.LIBRARY.attempts());

    static {
      System.getLogger("io.panamba.runtime")
          .log(
              System.Logger.Level.DEBUG,
              () ->
                  "native library %s, SHA-256 %s, tier %s"
                      .formatted(INFO.path(), INFO.sha256(), INFO.tier()));
    }
  }

  /**
   * Loads the library if that has not happened yet. Has to come before any use of the bindings.
   *
   * @throws LibraryException if it can't be loaded
   */
  public static void ensureLoaded() {
    Outcome.LIBRARY.get();
  }

  public static LibraryInfo info() {
    ensureLoaded();
    return Description.INFO;
  }

  public static String describe() {
    String tried =
        lines("tried", Outcome.LIBRARY.attempts().stream().map(NativeLibrary::line).toList());
    if (Outcome.LIBRARY.failure() != null) {
      return lines("native library", List.of("not available"))
          + lines("reason", List.of(Outcome.LIBRARY.failure().getMessage()))
          + tried;
    }
    LibraryInfo info = Description.INFO;
    return lines("native library", List.of(info.path().toString()))
        + lines("SHA-256", List.of(info.sha256()))
        + lines("interface", List.of("version " + info.abiVersion()))
        + lines("build", List.of(info.build()))
        + lines(
            "tier",
            List.of(
                info.tier()
                    + info.tierCap()
                        .map(cap -> " (-D%s=%s)".formatted(LoaderSettings.TIER, cap))
                        .orElse("")))
        + lines("tiers", info.tiers().stream().map(NativeLibrary::line).toList())
        + tried;
  }

  private static String line(Attempt attempt) {
    return attempt.candidate() + ": " + attempt.outcome();
  }

  private static String line(Tier tier) {
    return tier.name() + ": " + tier.reason();
  }

  /** A name and its values, one below the other. */
  private static String lines(String name, List<String> values) {
    String indent = "%n%-16s".formatted("");
    return values.isEmpty()
        ? ""
        : values.stream()
            .collect(Collectors.joining(indent, "%-16s".formatted(name), "%n".formatted()));
  }
}
