package io.panamba.runtime.internal.library;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Loads a library from a copy of its bytes in a folder of this user's. */
public final class LibraryCopy {
  static final String TAKEN = "another class loader of this process has it, so it is copied";

  private LibraryCopy() {}

  /** Makes a copy in a cache. */
  public interface Copying {
    /** Returns the file. */
    Path copy(LibraryCache cache, LibraryContent content) throws Refusal;
  }

  /**
   * Loads a copy from the first folder where that works.
   *
   * @param content the library
   * @param libraryFile its usual name
   * @param folders to be tried
   * @param copying how a copy is made that other processes may use too, or not
   * @param attempts notes what came of each folder
   * @return the file, or empty if there is no such folder
   */
  public static Optional<Path> load(
      LibraryContent content,
      String libraryFile,
      List<LoaderSettings.CacheFolder> folders,
      Copying copying,
      Attempts attempts) {
    for (LoaderSettings.CacheFolder folder : folders) {
      try {
        LibraryCache cache = LibraryCache.open(folder.path(), libraryFile);
        Path file = copying.copy(cache, content);
        if (!LibraryLinker.load(file)) {
          attempts.note(folder.toString(), TAKEN);
          file = cache.privateCopy(content);
          if (!LibraryLinker.load(file)) {
            throw new Refusal(file + " is new, and already loaded");
          }
        }
        attempts.note(folder.toString(), Attempts.LOADED);
        return Optional.of(file);
      } catch (Refusal e) {
        attempts.note(folder.toString(), e.getMessage());
      }
    }
    return Optional.empty();
  }
}
