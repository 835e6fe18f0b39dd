package io.panamba.runtime.internal.library;

import io.panamba.runtime.LibraryException;
import io.panamba.runtime.LibraryInfo;
import io.panamba.runtime.LibraryInfo.Attempt;
import io.panamba.runtime.LibraryInfo.Tier;
import java.util.List;
import java.util.stream.Collectors;

/** The native library of this process, loaded at most once; a failure stays one. */
public final class NativeLibrary {
  private static final System.Logger LOG = System.getLogger("io.panamba.runtime");

  private NativeLibrary() {}

  /** The one attempt, made when this class is initialised. */
  private static final class Outcome {
    static final LibraryInfo INFO;
    static final LibraryException FAILURE;
    static final List<Attempt> ATTEMPTS;

    static {
      LibraryLoader loader = new LibraryLoader(LoaderSettings.current());
      LibraryInfo info = null;
      LibraryException failure = null;
      try {
        info = loader.load();
      } catch (LibraryException e) {
        failure = e;
      } catch (RuntimeException | Error e) {
        // Out of an initialiser it would come back as a NoClassDefFoundError that explains nothing.
        failure = new LibraryException("Panamba's native library can't be loaded: " + e, e);
      }
      INFO = info;
      FAILURE = failure;
      ATTEMPTS = loader.attempts();
      LOG.log(System.Logger.Level.DEBUG, NativeLibrary::summary);
    }
  }

  /**
   * Loads the library if that has not happened yet. Has to come before any use of the bindings.
   *
   * @throws LibraryException if it can't be loaded
   */
  public static void ensureLoaded() {
    if (Outcome.FAILURE != null) {
      throw again(Outcome.FAILURE);
    }
  }

  /** The same failure for a later use, which has a stack of its own. */
  public static LibraryException again(LibraryException failure) {
    return new LibraryException(failure.getMessage(), failure.getCause());
  }

  public static LibraryInfo info() {
    ensureLoaded();
    return Outcome.INFO;
  }

  private static String summary() {
    LibraryInfo info = Outcome.INFO;
    return info == null
        ? Outcome.FAILURE.getMessage()
        : "native library %s, SHA-256 %s, tier %s"
            .formatted(info.path(), info.sha256(), info.tier());
  }

  public static String describe() {
    LibraryInfo info = Outcome.INFO;
    String tried = lines("tried", Outcome.ATTEMPTS.stream().map(NativeLibrary::line).toList());
    if (info == null) {
      return lines("native library", List.of("not available"))
          + lines("reason", List.of(Outcome.FAILURE.getMessage()))
          + tried;
    }
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
