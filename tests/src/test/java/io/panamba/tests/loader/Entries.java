package io.panamba.tests.loader;

import io.panamba.bindings.panamba_h;
import io.panamba.runtime.LibraryInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;

/** The class path entries, folders or jars, that the loader's child processes are given. */
public final class Entries {
  static final Path RUNTIME = of(LibraryInfo.class);
  static final Path BINDINGS = of(panamba_h.class);
  static final Path TESTS = of(LoaderChild.class);

  /** The library's place in {@link #NATIVES}. */
  public static final String RESOURCE = resource();

  /** The jar or folder with the native library. */
  public static final Path NATIVES = natives();

  private Entries() {}

  /**
   * Finds the entry that a class comes from.
   *
   * @param type the class
   * @return a folder or jar
   */
  public static Path of(Class<?> type) {
    try {
      return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String resource() {
    // The loader says where it looked first.
    return LibraryInfo.current().attempts().stream()
        .map(LibraryInfo.Attempt::candidate)
        .filter(candidate -> candidate.startsWith("resource "))
        .map(candidate -> candidate.substring("resource ".length()))
        .findFirst()
        .orElseThrow();
  }

  private static Path natives() {
    URL url = Entries.class.getClassLoader().getResource(RESOURCE);
    try {
      if (url.openConnection() instanceof JarURLConnection jar) {
        return Path.of(jar.getJarFileURL().toURI());
      }
      Path entry = Path.of(url.toURI());
      for (int i = 0; i < Path.of(RESOURCE).getNameCount(); i++) {
        entry = entry.getParent();
      }
      return entry;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The library as a file system or jar has it. */
  static byte[] library() {
    try (var in = Entries.class.getClassLoader().getResourceAsStream(RESOURCE)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
