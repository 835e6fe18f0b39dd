package io.panamba.runtime.internal.library;

import io.panamba.runtime.LibraryException;
import io.panamba.runtime.LibraryInfo.Attempt;
import java.util.List;
import java.util.function.Supplier;

/**
 * What came of loading libraries, once: a failure stays one. To be made in a class's initialiser,
 * out of which an exception would come back as a NoClassDefFoundError that explains nothing.
 *
 * @param <T> what is known of loaded libraries
 * @param info null after a failure
 * @param failure null after a success
 * @param attempts the places that were tried
 */
public record LoadOutcome<T>(T info, LibraryException failure, List<Attempt> attempts) {
  /**
   * Loads.
   *
   * @param what the libraries, for the message
   * @param load loads and describes them
   * @param attempts noted meanwhile
   */
  public static <T> LoadOutcome<T> of(String what, Supplier<T> load, Attempts attempts) {
    T info = null;
    LibraryException failure = null;
    try {
      info = load.get();
    } catch (LibraryException e) {
      failure = e;
    } catch (RuntimeException | Error e) {
      failure = new LibraryException(what + " can't be loaded: " + e, e);
    }
    return new LoadOutcome<>(info, failure, attempts.all());
  }

  /** Returns what is known, or throws the failure anew, with a stack of this use. */
  public T get() {
    if (failure != null) {
      throw new LibraryException(failure.getMessage(), failure.getCause());
    }
    return info;
  }
}
