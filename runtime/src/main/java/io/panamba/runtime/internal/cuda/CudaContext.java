package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.cublasLt_h;
import io.panamba.bindings.cuda.cuda_runtime_h;
import io.panamba.bindings.cuda.cudnn_h;
import io.panamba.bindings.cuda.panamba_cuda_h;
import io.panamba.bindings.panamba_h;
import io.panamba.runtime.CudaException;
import io.panamba.runtime.PanambaException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Set;
import java.util.function.ToIntFunction;

/** A GPU's number, the way to it, and whether it still works: what its device and plans share. */
final class CudaContext {
  private static final System.Logger LOG = System.getLogger("io.panamba.runtime");

  /** Those after which CUDA does nothing for this process any more (driver_types.h). */
  private static final Set<Integer> LASTING =
      Set.of(
          cuda_runtime_h.cudaErrorCudartUnloading(),
          cuda_runtime_h.cudaErrorECCUncorrectable(),
          cuda_runtime_h.cudaErrorNvlinkUncorrectable(),
          cuda_runtime_h.cudaErrorContained(),
          cuda_runtime_h.cudaErrorIllegalAddress(),
          cuda_runtime_h.cudaErrorLaunchTimeout(),
          cuda_runtime_h.cudaErrorContextIsDestroyed(),
          cuda_runtime_h.cudaErrorAssert(),
          cuda_runtime_h.cudaErrorHardwareStackError(),
          cuda_runtime_h.cudaErrorIllegalInstruction(),
          cuda_runtime_h.cudaErrorMisalignedAddress(),
          cuda_runtime_h.cudaErrorInvalidAddressSpace(),
          cuda_runtime_h.cudaErrorInvalidPc(),
          cuda_runtime_h.cudaErrorLaunchFailure(),
          cuda_runtime_h.cudaErrorTensorMemoryLeak(),
          cuda_runtime_h.cudaErrorMpsClientTerminated(),
          cuda_runtime_h.cudaErrorExternalDevice(),
          cuda_runtime_h.cudaErrorUnknown());

  private final CudaApi api;
  private final int ordinal;
  private volatile CudaException lost;

  CudaContext(CudaApi api, int ordinal) {
    this.api = api;
    this.ordinal = ordinal;
  }

  RuntimeApi runtime() {
    return api.runtime();
  }

  ProductApi products() {
    return api.products();
  }

  KernelApi kernels() {
    return api.kernels();
  }

  /**
   * Loads cuDNN if that has not happened yet.
   *
   * @throws io.panamba.runtime.LibraryException if it can't be loaded
   */
  DnnApi dnn() {
    return api.dnn().get();
  }

  int ordinal() {
    return ordinal;
  }

  /** Makes the GPU the calling thread's, unless it has failed for good. */
  void use() {
    CudaException cause = lost;
    if (cause != null) {
      throw new CudaException(
          "%s can't be used any more, since it failed for good: start a new process. It said: %s"
              .formatted(this, cause.getMessage()),
          cause);
    }
    check(runtime().setDevice(ordinal), "making it the current device");
  }

  /** Makes the GPU the calling thread's, to release something. */
  void useToRelease() {
    released(runtime().setDevice(ordinal), "making it the current device");
  }

  /** Throws unless a call of the CUDA runtime succeeded. */
  void check(int status, Object operation) {
    if (status != cuda_runtime_h.cudaSuccess()) {
      throw failure(status, operation);
    }
  }

  /** The number of GPUs that CUDA shows this process; throws if there is none. */
  int deviceCount() {
    String operation = "looking for " + this;
    try (Arena local = Arena.ofConfined()) {
      MemorySegment count = local.allocate(ValueLayout.JAVA_INT);
      int status = runtime().deviceCount(count);
      if (status == cuda_runtime_h.cudaErrorNoDevice()) {
        throw absent("CUDA finds no GPU", status, operation);
      }
      if (status == cuda_runtime_h.cudaErrorInsufficientDriver()) {
        throw absent(
            "the GPU's driver is too old for CUDA 13; install a newer one", status, operation);
      }
      check(status, operation);
      int devices = count.get(ValueLayout.JAVA_INT, 0);
      if (ordinal >= devices) {
        throw absent(
            "CUDA shows this process %d GPU%s".formatted(devices, devices == 1 ? "" : "s"),
            cuda_runtime_h.cudaErrorInvalidDevice(),
            operation);
      }
      return devices;
    }
  }

  private CudaException absent(String reason, int status, String operation) {
    return new CudaException(
        "there is no %s: %s".formatted(this, reason), runtime().errorName(status), operation);
  }

  /** Throws unless a call of cuBLASLt succeeded. */
  void checkProduct(int status, Object operation) {
    if (status != cublasLt_h.CUBLAS_STATUS_SUCCESS()) {
      throw failure(
          operation,
          products().errorName(status),
          products().errorText(status),
          status == cublasLt_h.CUBLAS_STATUS_ALLOC_FAILED());
    }
  }

  /** Throws unless a call of cuDNN succeeded. */
  void checkDnn(DnnApi dnn, int status, Object operation) {
    if (status != cudnn_h.CUDNN_STATUS_SUCCESS()) {
      throw dnnFailure(new DnnRefusal(status, dnn.errorName(status), dnn.errorText()), operation);
    }
  }

  /** What follows from cuDNN's refusal of something for which there is no other way any more. */
  CudaException dnnFailure(DnnRefusal refusal, Object operation) {
    return failure(
        operation,
        refusal.name(),
        refusal.text(),
        refusal.status() == cudnn_h.CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED());
  }

  /**
   * Of a GPU that has failed for good NVIDIA's libraries say no more than that nothing came of
   * their call, and the CUDA runtime inside them is not ours. But from then on every call of ours
   * fails, too.
   */
  private CudaException failure(Object operation, String name, String text, boolean isOutOfMemory) {
    Memory memory = memory();
    return LASTING.contains(memory.status)
        ? failure(memory.status, operation)
        : failure(operation, name, text, isOutOfMemory ? memory.advice() : "");
  }

  /** Throws unless a call of libpanamba_cuda succeeded. */
  void checkKernel(int status, Object operation) {
    if (status == panamba_h.PANAMBA_OK()) {
      return;
    }
    if (status == panamba_cuda_h.PANAMBA_CUDA_ERROR()) {
      throw failure(kernels().lastError(), operation);
    }
    throw refusal(status, operation);
  }

  /** What libpanamba_cuda says to arguments that it does not take. */
  RuntimeException refusal(int status, Object operation) {
    String message = kernels().message();
    return status == panamba_h.PANAMBA_INVALID_ARGUMENT()
        ? new IllegalArgumentException(message)
        : new PanambaException("%s on %s: %s".formatted(operation, this, message));
  }

  private CudaException failure(int status, Object operation) {
    String advice = "";
    if (status == cuda_runtime_h.cudaErrorMemoryAllocation()) {
      advice = memory().advice();
    } else if (LASTING.contains(status)) {
      advice = "; the device can't be used any more in this process";
    }
    CudaException failure =
        failure(operation, runtime().errorName(status), runtime().errorText(status), advice);
    if (LASTING.contains(status)) {
      lost = failure;
    } else {
      runtime().clearError();
    }
    return failure;
  }

  private CudaException failure(Object operation, String name, String text, String advice) {
    return new CudaException(
        "%s: %s failed: %s, %s%s".formatted(this, operation, name, text, advice),
        name,
        operation.toString());
  }

  /** What a GPU says of its memory, in bytes. */
  private record Memory(int status, long free, long total) {
    /** What is left, for who wanted more. */
    String advice() {
      String left =
          status == cuda_runtime_h.cudaSuccess()
              ? "; %.2f of %.2f GB are free".formatted(free / 1e9, total / 1e9)
              : "";
      return left + "; close what is not needed, or take smaller batches or images";
    }
  }

  private Memory memory() {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment free = local.allocate(ValueLayout.JAVA_LONG);
      MemorySegment total = local.allocate(ValueLayout.JAVA_LONG);
      int status = runtime().memoryInfo(free, total);
      return new Memory(
          status, free.get(ValueLayout.JAVA_LONG, 0), total.get(ValueLayout.JAVA_LONG, 0));
    }
  }

  /** The handle that a call of the CUDA runtime gives. */
  MemorySegment create(Object operation, ToIntFunction<MemorySegment> call) {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment result = local.allocate(ValueLayout.ADDRESS);
      check(call.applyAsInt(result), operation);
      return result.get(ValueLayout.ADDRESS, 0);
    }
  }

  /** The handle that a call of cuBLASLt gives. */
  MemorySegment productHandle(Object operation, ToIntFunction<MemorySegment> call) {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment result = local.allocate(ValueLayout.ADDRESS);
      checkProduct(call.applyAsInt(result), operation);
      return result.get(ValueLayout.ADDRESS, 0);
    }
  }

  /** The number that a call of the CUDA runtime gives. */
  int number(Object operation, ToIntFunction<MemorySegment> call) {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment result = local.allocate(ValueLayout.JAVA_INT);
      check(call.applyAsInt(result), operation);
      return result.get(ValueLayout.JAVA_INT, 0);
    }
  }

  /**
   * Notes what came of a release, of the CUDA runtime's or another library's. Nobody could do
   * anything about a failure, and what a GPU held that has failed for good is gone with it.
   */
  void released(int status, Object what) {
    if (status != 0 && lost == null) {
      LOG.log(
          System.Logger.Level.DEBUG, () -> "%s: %s gave status %d".formatted(this, what, status));
    }
  }

  @Override
  public String toString() {
    return "cuda:" + ordinal;
  }
}
