package io.panamba.runtime;

import io.panamba.runtime.internal.library.NativeLibrary;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The native library of this process: where it came from, what it is, and what it chose.
 *
 * <p>The library is loaded once, when it is first needed, from the first of these places:
 *
 * <ol>
 *   <li>{@code -Dpanamba.library.path}: the file, or a folder that holds it under its usual name
 *       ({@code libpanamba.so} on Linux). If the property is set, no other place is looked at.
 *   <li>In a native image: beside the executable.
 *   <li>The resource {@code META-INF/native/OS-ARCH/libpanamba.so} on the class path or module
 *       path. It is copied to a folder of this user's, under a name with its SHA-256, and used from
 *       there again: {@code -Dpanamba.cache}, or {@code $XDG_CACHE_HOME/panamba}, or {@code
 *       ~/.cache/panamba}, and {@code panamba-USER} in the folder for temporary files if that can't
 *       be used. A folder that somebody else could write to is refused.
 * </ol>
 *
 * <p>{@code -Dpanamba.tier} chooses an instruction-set tier below the best one. A failure is
 * remembered: every later use fails with the same explanation.
 *
 * @param path the file that was loaded; a copy that is deleted at the end of the process, if
 *     another class loader has the library already
 * @param source the kind of place that it came from
 * @param sha256 the SHA-256 of the file, in hexadecimal
 * @param abiVersion the version of its interface
 * @param build version, compiler and compiled tiers
 * @param tier the instruction-set tier in use
 * @param tierCap the value of {@code -Dpanamba.tier}, if it is set
 * @param tiers the compiled tiers, the fastest first
 * @param attempts every place that was tried, in order, and what came of it
 */
public record LibraryInfo(
    Path path,
    Source source,
    String sha256,
    int abiVersion,
    String build,
    String tier,
    Optional<String> tierCap,
    List<Tier> tiers,
    List<Attempt> attempts) {

  /** The kinds of places that the library comes from. */
  public enum Source {
    /** The property {@code panamba.library.path}. */
    PROPERTY,
    /** The folder of a native image's executable. */
    EXECUTABLE,
    /** A resource on the class path or module path. */
    RESOURCE
  }

  /**
   * A compiled instruction-set tier.
   *
   * @param name its name
   * @param usable whether this machine can run it
   * @param reason why or why not
   */
  public record Tier(String name, boolean usable, String reason) {}

  /**
   * A place where the library was looked for.
   *
   * @param candidate the place
   * @param outcome what came of it
   */
  public record Attempt(String candidate, String outcome) {}

  /** Copies the lists. */
  public LibraryInfo {
    tiers = List.copyOf(tiers);
    attempts = List.copyOf(attempts);
  }

  /**
   * Loads the library if that has not happened yet.
   *
   * @return what was loaded
   * @throws LibraryException if it can't be loaded
   */
  public static LibraryInfo current() {
    return NativeLibrary.info();
  }

  /**
   * Loads the library if that has not happened yet, and tells how that went.
   *
   * @return several lines: what was loaded, or why nothing was
   */
  public static String describe() {
    return NativeLibrary.describe();
  }
}
