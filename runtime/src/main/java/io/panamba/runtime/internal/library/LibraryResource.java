package io.panamba.runtime.internal.library;

import java.io.IOException;
import java.io.InputStream;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** The library as a resource. */
public final class LibraryResource {
  private static final int SHA256_BYTES = 32;

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

  /**
   * The SHA-256 of a library, in hexadecimal: the one that the build wrote into the resource beside
   * it, where there is one, since computing it takes a starting virtual machine 30 ms. It only
   * names the copy and tells people what runs; that the copy is the library is told by its bytes.
   */
  static String sha256(URL library, LibraryContent content) throws Refusal {
    try {
      URL beside = URI.create(library + ".sha256").toURL();
      String written = new String(read(beside), StandardCharsets.US_ASCII).strip();
      if (HexFormat.of().parseHex(written).length == SHA256_BYTES) {
        return written;
      }
    } catch (Refusal | MalformedURLException | IllegalArgumentException _) {
      // There is none, or what is there is none.
    }
    return LibraryLoader.sha256(content.bytes());
  }

  static URLConnection connection(URL url) throws IOException {
    URLConnection connection = url.openConnection();
    // The cache of open jars is shared with whoever may close them.
    connection.setUseCaches(false);
    return connection;
  }

  public static byte[] read(URL url) throws Refusal {
    try (InputStream in = connection(url).getInputStream()) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw Refusal.of(url + " can't be read", e);
    }
  }
}
