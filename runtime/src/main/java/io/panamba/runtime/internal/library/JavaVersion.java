package io.panamba.runtime.internal.library;

import io.panamba.runtime.LibraryException;

/** The oldest Java that runs Panamba. */
final class JavaVersion {
  private static final Runtime.Version OLDEST = Runtime.Version.parse("25.0.3");

  private JavaVersion() {}

  static void check(Runtime.Version version) {
    if (version.compareToIgnoreOptional(OLDEST) < 0) {
      throw new LibraryException(
          "Panamba needs Java %s or newer, and this is %s: earlier releases of 25 can move objects that native code uses (JDK-8377811); update the JDK"
              .formatted(OLDEST, version));
    }
  }
}
