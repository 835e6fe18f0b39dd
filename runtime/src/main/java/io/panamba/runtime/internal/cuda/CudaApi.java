package io.panamba.runtime.internal.cuda;

/**
 * The libraries that devices and plans call. Tests put something behind them that needs no GPU.
 *
 * @param runtime the CUDA runtime
 * @param products cuBLASLt
 * @param kernels libpanamba_cuda
 */
record CudaApi(RuntimeApi runtime, ProductApi products, KernelApi kernels) {
  /** The libraries that {@link CudaLoader} has loaded. */
  static CudaApi loaded() {
    return new CudaApi(new RuntimeBindings(), new ProductBindings(), new KernelBindings());
  }
}
