package io.panamba.runtime.internal.library;

import java.util.Locale;

/**
 * The names of operating system and processor under which native libraries are packed, as Maven's
 * os-maven-plugin spells its classifiers: {@code linux-x86_64}, {@code linux-aarch_64}. On Linux
 * with musl in place of glibc {@code -musl} follows, since libraries for one don't load with the
 * other.
 *
 * @param os the operating system
 * @param arch the processor
 * @param musl whether this process runs on musl
 */
public record Platform(String os, String arch, boolean musl) {
  public static Platform current() {
    Platform platform = of(System.getProperty("os.name", ""), System.getProperty("os.arch", ""));
    return platform.os.equals("linux") && MuslProcess.runsHere(platform.arch)
        ? new Platform(platform.os, platform.arch, true)
        : platform;
  }

  static Platform of(String osName, String osArch) {
    String os = plain(osName);
    String arch = plain(osArch);
    return new Platform(
        os.startsWith("linux")
            ? "linux"
            : os.startsWith("mac") || os.startsWith("darwin")
                ? "osx"
                : os.startsWith("windows") ? "windows" : os,
        switch (arch) {
          case "amd64", "x8664", "x64" -> "x86_64";
          case "aarch64", "arm64" -> "aarch_64";
          default -> arch;
        },
        false);
  }

  private static String plain(String name) {
    return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "");
  }

  /** The place of a library in a jar. */
  public String resource(String libraryFile) {
    return "META-INF/native/" + this + "/" + libraryFile;
  }

  @Override
  public String toString() {
    return os + "-" + arch + (musl ? "-musl" : "");
  }
}
