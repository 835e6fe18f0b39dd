package io.panamba.runtime.internal.library;

import io.panamba.bindings.panamba_h;
import java.nio.file.Path;
import java.util.Objects;

/** Hands files to the dynamic linker, on behalf of the class loader of the bindings. */
public final class LibraryLinker {
  private LibraryLinker() {}

  /**
   * Loads a library for good.
   *
   * @return false if another class loader of this process has the file, so that a copy is needed
   */
  public static boolean load(Path file) throws Refusal {
    if (!Objects.equals(panamba_h.class.getClassLoader(), LibraryLinker.class.getClassLoader())) {
      throw new Refusal(
          "io.panamba.bindings and io.panamba.runtime have different class loaders, and the"
              + " bindings see only what their own one loads; give them one");
    }
    try {
      System.load(file.toString());
      return true;
    } catch (UnsatisfiedLinkError e) {
      String message = String.valueOf(e.getMessage());
      if (message.contains("already loaded in another classloader")) {
        return false;
      }
      boolean noexec =
          message.contains("failed to map segment") || message.contains("Operation not permitted");
      throw new Refusal(
          "the dynamic linker refused it: %s%s"
              .formatted(message, noexec ? " (is the file system mounted noexec?)" : ""),
          e);
    }
  }
}
