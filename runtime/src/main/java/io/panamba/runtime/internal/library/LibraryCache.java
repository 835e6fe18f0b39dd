package io.panamba.runtime.internal.library;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * A folder of libraries under names with their content's SHA-256. Any number of processes may use
 * one at a time: a file appears under its name as a whole, and its size and CRC-32 are compared
 * with those of the content that it should have before every use. Nobody else can write to the
 * folder, so that what is to be found are files that were damaged, not forged ones.
 */
public final class LibraryCache {
  private final Path folder;
  private final String libraryFile;

  private LibraryCache(Path folder, String libraryFile) {
    this.folder = folder;
    this.libraryFile = libraryFile;
  }

  /** Opens a cache for libraries with names like {@code libpanamba.so}. */
  public static LibraryCache open(Path folder, String libraryFile) throws Refusal {
    PrivateFolder.prepare(folder);
    return new LibraryCache(folder, libraryFile);
  }

  /** The file with this content, which is written if it is missing or damaged. */
  public Path store(LibraryContent content, String sha256) throws Refusal {
    Path file = folder.resolve(nameWith(sha256));
    try {
      if (holds(file, content)) {
        return file;
      }
      if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        System.getLogger("io.panamba.runtime")
            .log(System.Logger.Level.WARNING, () -> file + " is damaged and is written anew");
      }
      IOException failure = publish(write(content.bytes()), file);
      if (holds(file, content)) {
        return file; // If moving failed, another process was first: a library in use may be locked.
      }
      if (failure != null) {
        throw failure;
      }
      throw new Refusal(file + " changed after it was written");
    } catch (IOException e) {
      throw Refusal.of("the library can't be written", e);
    }
  }

  /**
   * A copy for this process alone, deleted at its end: one file can't be loaded by two class
   * loaders.
   */
  public Path privateCopy(LibraryContent content) throws Refusal {
    try {
      Path copy = write(content.bytes());
      copy.toFile().deleteOnExit();
      return copy;
    } catch (IOException e) {
      throw Refusal.of("a copy of the library can't be written", e);
    }
  }

  private static boolean holds(Path file, LibraryContent content) throws IOException {
    if (!PrivateFolder.isPrivateFile(file) || Files.size(file) != content.size()) {
      return false;
    }
    try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
      return content.matches(in.readNBytes((int) content.size()));
    }
  }

  private Path write(byte[] content) throws IOException {
    Path file = Files.createTempFile(folder, stem() + "-", suffix());
    // A channel would be closed by an interrupt, and a failure to load the library stays one.
    try (FileOutputStream out = new FileOutputStream(file.toFile())) {
      out.write(content);
      out.getFD().sync();
    } catch (IOException e) {
      Files.deleteIfExists(file);
      throw e;
    }
    return file;
  }

  private static IOException publish(Path written, Path file) throws IOException {
    try {
      Files.move(written, file, StandardCopyOption.ATOMIC_MOVE);
      return null;
    } catch (IOException e) {
      Files.deleteIfExists(written);
      return e;
    }
  }

  private String nameWith(String sha256) {
    return stem() + "-" + sha256 + suffix();
  }

  private String stem() {
    return libraryFile.substring(0, libraryFile.lastIndexOf('.'));
  }

  private String suffix() {
    return libraryFile.substring(libraryFile.lastIndexOf('.'));
  }
}
