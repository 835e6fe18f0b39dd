package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.cublasLt_h;
import io.panamba.bindings.cuda.cuda_runtime_h;
import io.panamba.bindings.cuda.panamba_cuda_h;
import io.panamba.runtime.CudaInfo;
import io.panamba.runtime.LibraryException;
import io.panamba.runtime.LibraryInfo.Attempt;
import io.panamba.runtime.internal.library.Attempts;
import io.panamba.runtime.internal.library.LoadOutcome;
import io.panamba.runtime.internal.library.LoaderSettings;
import io.panamba.runtime.internal.library.NativeLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** The libraries of GPUs of this process, loaded at most once; a failure stays one. */
public final class CudaLibraries {
  private static final int RUNTIME_MAJOR = 1000;
  private static final int PRODUCTS_MAJOR = 10_000;

  private CudaLibraries() {}

  /** The one attempt, made when this class is initialised. */
  private static final class Outcome {
    static final LoadOutcome<CudaInfo> LIBRARIES;

    static {
      Attempts attempts = new Attempts();
      CudaLoader loader =
          new CudaLoader(CudaSettings.current(), LoaderSettings.current(), attempts);
      LIBRARIES =
          LoadOutcome.of(
              "the libraries of GPUs", () -> describe(loader.load(), attempts), attempts);
    }
  }

  /**
   * Loads the libraries if that has not happened yet.
   *
   * @throws LibraryException if they can't be loaded
   */
  public static CudaApi api() {
    // Weights are packed by the processor's library, which also says first what is wrong with Java.
    NativeLibrary.ensureLoaded();
    Outcome.LIBRARIES.get();
    return CudaApi.loaded();
  }

  public static CudaInfo info() {
    api();
    return Outcome.LIBRARIES.info();
  }

  public static List<Attempt> attempts() {
    NativeLibrary.ensureLoaded();
    return Outcome.LIBRARIES.attempts();
  }

  private static CudaInfo describe(CudaLoader.Loaded loaded, Attempts attempts) {
    if (SymbolLookup.loaderLookup().find("panamba_cuda_abi_version").isEmpty()) {
      throw new LibraryException(
          "%s is a library, but not Panamba's: it has no function panamba_cuda_abi_version"
              .formatted(loaded.kernels()));
    }
    int abi = panamba_cuda_h.panamba_cuda_abi_version();
    if (abi != panamba_cuda_h.PANAMBA_CUDA_ABI_VERSION()) {
      throw new LibraryException(
          "%s has version %d of Panamba's interface for GPUs, and this runtime needs version %d; use panamba-native-cuda and panamba-runtime of the same release"
              .formatted(loaded.kernels(), abi, panamba_cuda_h.PANAMBA_CUDA_ABI_VERSION()));
    }
    int major = panamba_cuda_h.PANAMBA_CUDA_RUNTIME_MAJOR();
    int runtime = version(true);
    requireMajor("the CUDA runtime " + loaded.runtime(), runtime, RUNTIME_MAJOR, major);
    long products = cublasLt_h.cublasLtGetVersion();
    requireMajor("cuBLASLt " + loaded.products(), products, PRODUCTS_MAJOR, major);
    return new CudaInfo(
        loaded.runtime(),
        runtime,
        loaded.products(),
        products,
        loaded.kernels(),
        panamba_cuda_h.panamba_cuda_build_description().getString(0),
        version(false),
        attempts.all());
  }

  private static int version(boolean ofRuntime) {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment number = local.allocate(ValueLayout.JAVA_INT);
      int status =
          ofRuntime
              ? cuda_runtime_h.cudaRuntimeGetVersion(number)
              : cuda_runtime_h.cudaDriverGetVersion(number);
      return status == cuda_runtime_h.cudaSuccess() ? number.get(ValueLayout.JAVA_INT, 0) : 0;
    }
  }

  private static void requireMajor(String what, long version, int unit, int major) {
    if (version / unit != major) {
      throw new LibraryException(
          "%s is version %d, and Panamba was built for version %d".formatted(what, version, major));
    }
  }
}
