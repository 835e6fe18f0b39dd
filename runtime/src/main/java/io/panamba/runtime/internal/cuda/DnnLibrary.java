package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.cudnn_h;
import io.panamba.runtime.CudaInfo;
import io.panamba.runtime.LibraryException;
import io.panamba.runtime.LibraryInfo.Attempt;
import io.panamba.runtime.internal.library.Attempts;
import io.panamba.runtime.internal.library.LoadOutcome;
import io.panamba.runtime.internal.library.LoaderSettings;
import java.nio.file.Path;
import java.util.List;

/**
 * The cuDNN of this process, loaded at most once, when it is first asked for; a failure stays one.
 */
public final class DnnLibrary {
  /** Whether cuDNN is used where it is found: {@code auto}, or {@code off}. */
  static final String WANTED = "panamba.cuda.cudnn";

  /** The first with attention as one operation, such as 91300 for 9.13.0. */
  private static final long OLDEST = 91_300;

  /** The major version that this interface is of. */
  private static final long MAJOR = 9;

  private static final long MAJOR_UNIT = 10_000;
  private static final long MINOR_UNIT = 100;
  private static final long RUNTIME_UNIT = 1000;
  private static final long RUNTIME_MAJOR = 13;

  private DnnLibrary() {}

  /** The one attempt, made when this class is initialised. */
  private static final class Outcome {
    static final LoadOutcome<CudaInfo.Cudnn> LIBRARY;

    static {
      Attempts attempts = new Attempts();
      CudaLoader loader =
          new CudaLoader(CudaSettings.current(), LoaderSettings.current(), attempts);
      LIBRARY = LoadOutcome.of("cuDNN", () -> describe(loader.findDnn()), attempts);
    }
  }

  /** Whether it is to be used where it is found. */
  static boolean isWanted() {
    String wanted = System.getProperty(WANTED, "auto");
    return switch (wanted) {
      case "auto" -> true;
      case "off" -> false;
      default ->
          throw new IllegalArgumentException(
              "-D%s=%s: expected auto or off".formatted(WANTED, wanted));
    };
  }

  /**
   * Loads the library if that has not happened yet.
   *
   * @throws LibraryException if it can't be loaded
   */
  static DnnApi api() {
    info();
    return new DnnBindings();
  }

  /**
   * Loads the library if that has not happened yet.
   *
   * @throws LibraryException if it can't be loaded
   */
  public static CudaInfo.Cudnn info() {
    if (!isWanted()) {
      throw new LibraryException("cuDNN is not used, by -D%s=off".formatted(WANTED));
    }
    // The other libraries first: of cuBLASLt it takes the one that is there.
    CudaLibraries.api();
    return Outcome.LIBRARY.get();
  }

  /** The places that were tried. */
  public static List<Attempt> attempts() {
    if (!isWanted()) {
      return List.of();
    }
    CudaLibraries.api();
    return Outcome.LIBRARY.attempts();
  }

  /** What has been loaded from a file; throws if it is of a version that can't be used. */
  static CudaInfo.Cudnn describe(Path file) {
    long version = cudnn_h.cudnnGetVersion();
    if (version < OLDEST || version / MAJOR_UNIT != MAJOR) {
      throw new LibraryException(
          "cuDNN %s is version %s, and Panamba needs version %s or a newer one of %d"
              .formatted(file, text(version), text(OLDEST), MAJOR));
    }
    long runtime = cudnn_h.cudnnGetCudartVersion();
    if (runtime / RUNTIME_UNIT != RUNTIME_MAJOR) {
      throw new LibraryException(
          "cuDNN %s is for CUDA %d, and Panamba was built for CUDA %d"
              .formatted(file, runtime / RUNTIME_UNIT, RUNTIME_MAJOR));
    }
    int status = cudnn_h.cudnnGraphVersionCheck();
    if (status != cudnn_h.CUDNN_STATUS_SUCCESS()) {
      throw new LibraryException(
          "cuDNN %s has parts of other versions beside it: %s"
              .formatted(file, cudnn_h.cudnnGetErrorString(status).getString(0)));
    }
    return new CudaInfo.Cudnn(file, version);
  }

  /** A version as it is written. */
  private static String text(long version) {
    return "%d.%d.%d"
        .formatted(version / MAJOR_UNIT, version % MAJOR_UNIT / MINOR_UNIT, version % MINOR_UNIT);
  }
}
