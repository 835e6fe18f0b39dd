package io.panamba.runtime.internal.library;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLConnection;

/** The library as a resource. */
public final class LibraryResource {
  private LibraryResource() {}

  /**
   * Finds a resource. Folders with a hyphen are no packages, so that modules hide nothing in them,
   * and a class loader finds them on the class path and in its modules alike.
   */
  public static URL find(ClassLoader loader, String name) throws Refusal {
    URL url = loader == null ? ClassLoader.getSystemResource(name) : loader.getResource(name);
    if (url == null) {
      throw new Refusal("it is neither on the class path nor on the module path");
    }
    return url;
  }

  public static byte[] read(URL url) throws Refusal {
    try {
      URLConnection connection = url.openConnection();
      // The cache of open jars is shared with whoever may close them.
      connection.setUseCaches(false);
      try (InputStream in = connection.getInputStream()) {
        return in.readAllBytes();
      }
    } catch (IOException e) {
      throw Refusal.of(url + " can't be read", e);
    }
  }
}
