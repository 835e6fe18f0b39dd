package io.panamba.runtime.internal.library;

import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.util.jar.JarEntry;
import java.util.zip.CRC32;

/**
 * A library that copies are made of: size and CRC-32, by which a whole copy is told from a damaged
 * one, and the bytes, which are read where a copy has to be written. A jar says size and CRC-32 of
 * its entries: unpacking one takes longer than checking the copy of it.
 */
public final class LibraryContent {
  private final URL url;
  private final long size;
  private final long crc;
  private byte[] bytes;

  private LibraryContent(URL url, byte[] bytes, long size, long crc) {
    this.url = url;
    this.bytes = bytes;
    this.size = size;
    this.crc = crc;
  }

  /** Of bytes that have been read. */
  public static LibraryContent of(byte[] bytes) {
    return new LibraryContent(null, bytes, bytes.length, crc(bytes));
  }

  /** Of a resource. */
  static LibraryContent of(URL url) throws Refusal {
    try {
      URLConnection connection = LibraryResource.connection(url);
      if (connection instanceof JarURLConnection jar) {
        // Closes the connection's own view of the jar.
        try (InputStream in = jar.getInputStream()) {
          JarEntry entry = jar.getJarEntry();
          if (entry != null && entry.getSize() >= 0 && entry.getCrc() >= 0) {
            return new LibraryContent(url, null, entry.getSize(), entry.getCrc());
          }
          return of(in.readAllBytes());
        }
      }
    } catch (IOException e) {
      throw Refusal.of(url + " can't be read", e);
    }
    return of(LibraryResource.read(url));
  }

  /** All bytes. */
  byte[] bytes() throws Refusal {
    if (bytes == null) {
      bytes = LibraryResource.read(url);
    }
    return bytes;
  }

  long size() {
    return size;
  }

  /** Whether a file's bytes are these, but for what a CRC-32 doesn't see. */
  boolean matches(byte[] file) {
    return file.length == size && crc(file) == crc;
  }

  private static long crc(byte[] bytes) {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    return crc.getValue();
  }
}
