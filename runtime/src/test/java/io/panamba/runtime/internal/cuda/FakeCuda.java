package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.cublasLt_h;
import io.panamba.bindings.cuda.cuda_runtime_h;
import io.panamba.bindings.cuda.cudnn_h;
import io.panamba.bindings.cuda.panamba_cuda_h;
import io.panamba.runtime.Device;
import io.panamba.runtime.LibraryException;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * GPUs that are none: CUDA's runtime, cuBLASLt, perhaps cuDNN, and Panamba's kernels as Java, on
 * the processor. It writes down every call and everything that is acquired and released, finds
 * misuse, and lets any call fail.
 */
public final class FakeCuda {
  /** Ways for a call to fail. */
  public enum Fault {
    /** Once. */
    OUT_OF_MEMORY(
        cuda_runtime_h.cudaErrorMemoryAllocation(),
        cublasLt_h.CUBLAS_STATUS_ALLOC_FAILED(),
        cudnn_h.CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED(),
        false),
    /** A kernel fails: this call and all that follow. */
    LAUNCH_FAILURE(cuda_runtime_h.cudaErrorLaunchFailure(), 13, 5000, true),
    /** The GPU is gone: this call and all that follow. */
    LOST_DEVICE(cuda_runtime_h.cudaErrorUnknown(), 14, 5003, true);

    private final int status;
    private final int productStatus;
    private final int dnnStatus;
    private final boolean lasting;

    Fault(int status, int productStatus, int dnnStatus, boolean lasting) {
      this.status = status;
      this.productStatus = productStatus;
      this.dnnStatus = dnnStatus;
      this.lasting = lasting;
    }

    /**
     * Tells whether the GPU is of no use afterwards.
     *
     * @return true if it is not
     */
    public boolean lasting() {
      return lasting;
    }
  }

  /** Numbers that are told, beside all texts: such calls do nothing and can't fail. */
  private static final Set<String> TOLD =
      Set.of("lastError", "clearError", "packedSize", "packedDepth");

  private final Map<Long, String> acquired = new TreeMap<>();
  private final Map<Method, Method> targets = new HashMap<>();
  private final List<String> calls = new ArrayList<>();
  private final List<String> misuse = new ArrayList<>();
  private final FakeRuntime runtime;
  private final FakeProducts products;
  private final FakeDnn dnn;
  private final CudaApi api;
  private int failing = -1;
  private Fault fault;
  private boolean failed;
  private Method injected;

  /**
   * Makes GPUs without cuDNN.
   *
   * @param devices how many
   */
  public FakeCuda(int devices) {
    this(devices, false);
  }

  /**
   * Makes GPUs.
   *
   * @param devices how many
   * @param hasDnn whether there is a cuDNN
   */
  public FakeCuda(int devices, boolean hasDnn) {
    runtime = new FakeRuntime(this, devices);
    products = new FakeProducts(this, runtime);
    dnn = new FakeDnn(this, runtime);
    DnnApi called = proxy(DnnApi.class, dnn);
    api =
        new CudaApi(
            proxy(RuntimeApi.class, runtime),
            proxy(ProductApi.class, products),
            proxy(KernelApi.class, new FakeKernels(this, runtime)),
            () -> {
              if (!hasDnn) {
                throw new LibraryException("this GPU has no cuDNN");
              }
              return called;
            });
  }

  private <T> T proxy(Class<T> part, Object fake) {
    return part.cast(
        Proxy.newProxyInstance(
            part.getClassLoader(),
            new Class<?>[] {part},
            (_, method, arguments) -> call(fake, method, arguments)));
  }

  /** Its cuBLASLt. */
  FakeProducts products() {
    return products;
  }

  /** Its cuDNN. */
  FakeDnn dnn() {
    return dnn;
  }

  CudaApi api() {
    return api;
  }

  /**
   * Opens a GPU.
   *
   * @param ordinal its number
   * @return the device
   */
  public Device open(int ordinal) {
    return new CudaDevice(api, ordinal);
  }

  /**
   * Lets a call fail.
   *
   * @param index of the call, from 0
   * @param how in which way
   */
  public void failAt(int index, Fault how) {
    failing = index;
    fault = how;
  }

  /**
   * Tells whether the call that was to fail has come.
   *
   * @return true if it has
   */
  public synchronized boolean hasFailed() {
    return failed;
  }

  /**
   * Returns the calls so far.
   *
   * @return names of methods of {@link CudaApi}'s parts, in order
   */
  public synchronized List<String> calls() {
    return List.copyOf(calls);
  }

  /** Forgets the calls so far. */
  public synchronized void forgetCalls() {
    calls.clear();
  }

  /**
   * Returns what has been acquired and not released.
   *
   * @return what it is, each
   */
  public synchronized List<String> left() {
    return List.copyOf(acquired.values());
  }

  /**
   * Returns what was done wrong.
   *
   * @return sentences
   */
  public synchronized List<String> misuse() {
    return List.copyOf(misuse);
  }

  private synchronized Object call(Object part, Method method, Object[] arguments)
      throws Throwable {
    String name = method.getName();
    if (method.getReturnType() == String.class || TOLD.contains(name)) {
      return tell(method, arguments);
    }
    int index = calls.size();
    calls.add(name);
    boolean fails = index == failing || (failed && fault.lasting);
    if (fails) {
      failed = true;
      injected = method;
      // What a dead GPU holds is gone with it; and what could not be released once is out of reach.
      if (name.startsWith("destroy") || name.startsWith("free")) {
        acquired.remove(((MemorySegment) arguments[0]).address());
      } else if (name.equals("endCapture")) {
        runtime.forgetRecording((MemorySegment) arguments[0]);
      }
      return status(method);
    }
    try {
      return targets
          .computeIfAbsent(method, called -> target(part, called))
          .invoke(part, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  /** What of a fake does what a method is called for. */
  private static Method target(Object part, Method method) {
    for (Method candidate : part.getClass().getDeclaredMethods()) {
      if (candidate.getName().equals(method.getName())
          && List.of(candidate.getParameterTypes()).equals(List.of(method.getParameterTypes()))) {
        return candidate;
      }
    }
    throw new AssertionError("nothing does " + method);
  }

  private Object status(Method method) {
    if (method.getReturnType() == long.class) {
      return -1L;
    }
    if (method.getDeclaringClass() == ProductApi.class) {
      return fault.productStatus;
    }
    if (method.getDeclaringClass() == DnnApi.class) {
      return fault.dnnStatus;
    }
    return method.getDeclaringClass() == KernelApi.class
        ? panamba_cuda_h.PANAMBA_CUDA_ERROR()
        : fault.status;
  }

  private Object tell(Method method, Object[] arguments) {
    String library =
        method.getDeclaringClass() == ProductApi.class
            ? "CUBLAS_STATUS_"
            : method.getDeclaringClass() == DnnApi.class ? "CUDNN_STATUS_" : "cudaError";
    return switch (method.getName()) {
      case "errorName" -> library + arguments[0];
      case "errorText" -> "text of " + (arguments == null ? "the last" : arguments[0]);
      case "message" -> "refused by " + (injected == null ? "nobody" : injected.getName());
      case "lastError" -> failed ? fault.status : 0;
      case "clearError" -> 0;
      // Sizes are numbers, whatever becomes of a GPU.
      case "packedDepth" -> FakeKernels.packedDepth((long) arguments[0], (int) arguments[1]);
      case "packedSize" ->
          FakeKernels.packedSize((long) arguments[0], (long) arguments[1], (int) arguments[2]);
      default -> throw new AssertionError(method);
    };
  }

  void acquire(long handle, String what) {
    acquired.put(handle, what);
  }

  /** Notes a release; false if there was nothing to release. */
  boolean release(long handle, String what) {
    boolean known = what.equals(acquired.get(handle));
    require(known, "released a %s that is none: %x", what, handle);
    if (known) {
      acquired.remove(handle);
    }
    return known;
  }

  boolean isHeld(long handle, String what) {
    return what.equals(acquired.get(handle));
  }

  void require(boolean condition, String message, Object... arguments) {
    if (!condition) {
      misuse.add(message.formatted(arguments));
    }
  }
}
