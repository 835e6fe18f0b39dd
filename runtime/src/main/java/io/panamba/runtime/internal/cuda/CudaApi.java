package io.panamba.runtime.internal.cuda;

import java.util.function.Supplier;

/**
 * The libraries that devices and plans call. Tests put something behind them that needs no GPU.
 *
 * @param runtime the CUDA runtime
 * @param products cuBLASLt
 * @param kernels libpanamba_cuda
 * @param dnn loads cuDNN, or throws a {@link io.panamba.runtime.LibraryException}
 */
record CudaApi(RuntimeApi runtime, ProductApi products, KernelApi kernels, Supplier<DnnApi> dnn) {
  /** The libraries that {@link CudaLoader} has loaded, and cuDNN, which it loads when asked. */
  static CudaApi loaded() {
    return new CudaApi(
        new RuntimeBindings(), new ProductBindings(), new KernelBindings(), DnnLibrary::api);
  }
}
